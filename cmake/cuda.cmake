# The backend for NVIDIA cards. With ZANIME_CUDA it becomes part of the room ops, compiled by nvcc;
# without it, the same kernels are compiled for the host and linked into the tests alone.
#
# ZANIME_CUDA_ARCHITECTURES: compute capabilities to make machine code for. `native` is the card of
# this machine; wheels take all that the backend knows.
option(ZANIME_CUDA "Build the backend for NVIDIA cards (needs nvcc of CUDA 12.9 or 13)" OFF)
option(ZANIME_CUDA_CHECK "Compile that backend, and leave it out of the program" OFF)
set(ZANIME_CUDA_ARCHITECTURES "80;86;89;90;100;120" CACHE STRING
  "Compute capabilities to compile kernels for, or native")
set(ZANIME_CUDNN_FRONTEND "" CACHE PATH
  "The folder `include` of PyPI's nvidia-cudnn-frontend, unpacked")

file(GLOB ZANIME_CUDA_KERNELS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/ops/cuda/kernels/*.cu)
file(GLOB ZANIME_CUDA_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/ops/cuda/*.cc)

# What only nvcc, or a machine with its headers, compiles.
function(zanime_add_cuda target)
  file(GLOB nvidia CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/ops/cuda/nvidia/*.cc)
  find_package(CUDAToolkit 12.9 REQUIRED)
  find_path(ZANIME_CUDNN_INCLUDE_DIR cudnn.h REQUIRED HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_path(ZANIME_CUDNN_FRONTEND_INCLUDE_DIR cudnn_frontend.h REQUIRED
    HINTS ${ZANIME_CUDNN_FRONTEND})
  target_sources(${target} PRIVATE ${ZANIME_CUDA_KERNELS} ${nvidia})
  set_target_properties(${target} PROPERTIES CUDA_ARCHITECTURES "${ZANIME_CUDA_ARCHITECTURES}")
  # Rooms above ask ops::make_backend, and do not know.
  target_compile_definitions(${target} PRIVATE ZANIME_CUDA)
  target_include_directories(${target} SYSTEM PRIVATE
    ${CUDAToolkit_INCLUDE_DIRS} ${ZANIME_CUDNN_INCLUDE_DIR} ${ZANIME_CUDNN_FRONTEND_INCLUDE_DIR})
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/ops/cuda/nvidia/shared_library.cc PROPERTIES
    COMPILE_DEFINITIONS ZANIME_CUDA_TOOLKIT="${CUDAToolkit_LIBRARY_DIR}")
  # A little code over large headers, called once for every new shape.
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/ops/cuda/nvidia/cudnn.cc PROPERTIES
    COMPILE_OPTIONS -O0)
  # The rest is opened at run time, so that the program starts where it is missing.
  target_link_libraries(${target} PUBLIC CUDA::cudart_static ${CMAKE_DL_LIBS})
endfunction()

# Shows that it compiles, in builds that test the rest on the host.
function(zanime_check_cuda)
  add_library(zanime_cuda_check OBJECT ${CMAKE_SOURCE_DIR}/src/ops/make_backend.cc)
  target_include_directories(zanime_cuda_check PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(zanime_cuda_check PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-O0>)
  set_target_properties(zanime_cuda_check PROPERTIES UNITY_BUILD OFF)
  zanime_add_cuda(zanime_cuda_check)
endfunction()

# For a test program of a build for cards.
function(zanime_test_on_card target)
  target_compile_definitions(${target} PRIVATE ZANIME_CUDA)
  target_include_directories(${target} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
endfunction()

# The backend's own tests into a test program: with kernels that run on the host where the build has
# no cards.
function(zanime_add_cuda_tests target)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/ops/cuda/*.cc)
  target_sources(${target} PRIVATE ${tests})
  if(NOT ZANIME_CUDA)
    add_library(zanime_cuda_on_host STATIC ${ZANIME_CUDA_KERNELS} ${ZANIME_CUDA_SOURCES}
      ${CMAKE_SOURCE_DIR}/src/ops/cuda/kernels/host_block.cc)
    set_source_files_properties(${ZANIME_CUDA_KERNELS} PROPERTIES
      LANGUAGE CXX COMPILE_OPTIONS "-x;c++")
    set_target_properties(zanime_cuda_on_host PROPERTIES UNITY_BUILD OFF)
    # Thousands of fibers a kernel: quick enough only with some optimisation, also in debug builds.
    target_compile_options(zanime_cuda_on_host PRIVATE -O1)
    target_include_directories(zanime_cuda_on_host PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(zanime_cuda_on_host PUBLIC zanime_ops)
    target_link_libraries(${target} PRIVATE zanime_cuda_on_host)
  endif()
endfunction()
