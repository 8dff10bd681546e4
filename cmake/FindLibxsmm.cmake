# libxsmm 1.17 as Libxsmm::libxsmm. Its own package files are not used because they would link the
# C library's static archives.
find_path(LIBXSMM_INCLUDE_DIR NAMES libxsmm.h)
find_library(LIBXSMM_LIBRARY NAMES xsmm)
# In place of a BLAS, which the products used here never call.
find_library(LIBXSMM_NOBLAS_LIBRARY NAMES xsmmnoblas)
find_package(Threads REQUIRED)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libxsmm
  REQUIRED_VARS LIBXSMM_LIBRARY LIBXSMM_NOBLAS_LIBRARY LIBXSMM_INCLUDE_DIR)

if(Libxsmm_FOUND AND NOT TARGET Libxsmm::libxsmm)
  add_library(Libxsmm::libxsmm UNKNOWN IMPORTED)
  set_target_properties(Libxsmm::libxsmm PROPERTIES
    IMPORTED_LOCATION ${LIBXSMM_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${LIBXSMM_INCLUDE_DIR})
  target_link_libraries(Libxsmm::libxsmm INTERFACE
    ${LIBXSMM_NOBLAS_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS})
endif()
