# The inner loops are compiled once per instruction set and chosen at run time. The loops are
# written for the compiler to vectorise: that needs -O3 in every build type but a debug one, and
# the promise that nobody reads floating-point exception flags or errno.
set(kernel_flags -fopenmp-simd -fno-math-errno -fno-trapping-math)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  list(APPEND kernel_flags -O3)
endif()
set(baseline_flags)
set(avx2_flags -mavx2 -mfma -mf16c)
set(avx512_flags ${avx2_flags} -mavx512f -mavx512bw -mavx512dq -mavx512vl
    -mprefer-vector-width=512)
foreach(level baseline avx2 avx512)
  set_source_files_properties(src/ops/cpu/row_kernels_${level}.cc PROPERTIES
    COMPILE_OPTIONS "${kernel_flags};${${level}_flags}")
endforeach()
