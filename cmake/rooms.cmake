# zanime_room(NAME ...): static library zanime_NAME of all sources under src/NAME; the other
# arguments go to target_link_libraries. A room without sources yet becomes an interface library. What
# belongs to cards is added by cmake/cuda.cmake.
function(zanime_room name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$|/ops/cuda/")
  if(sources)
    add_library(zanime_${name} STATIC ${sources})
    target_include_directories(zanime_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(zanime_${name} ${ARGN})
  else()
    add_library(zanime_${name} INTERFACE)
    list(REMOVE_ITEM ARGN PUBLIC PRIVATE)
    target_include_directories(zanime_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(zanime_${name} INTERFACE ${ARGN})
  endif()
endfunction()
