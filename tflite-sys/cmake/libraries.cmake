# The small libraries: header-only ones, farmhash, fft2d, the part of flatbuffers that is
# not a compiler, and ruy.

add_library(headers INTERFACE)
target_include_directories(headers SYSTEM INTERFACE
  "${TF}"
  "${TF}/third_party/xla"
  "${TF}/third_party/xla/third_party/tsl"
  "${TP}/abseil-cpp"
  "${TP}/eigen3/src"
  "${TP}/farmhash/src/src"
  "${TP}/flatbuffers/src/include"
  "${TP}/fp16/src/include"
  "${TP}/fxdiv/src/include"
  "${TP}/gemmlowp/src"
  "${TP}/gemmlowp/src/public"
  "${TP}/ml_dtypes/src"
  "${TP}/ml_dtypes/src/ml_dtypes/include"
  "${TP}/neon_2_sse/src"
  "${TP}/ruy/src"
  "${TP}/cpuinfo/src/include"
  "${TP}/pthreadpool/src/include"
  "${TP}/xnnpack/src/include"
  "${TP}/xnnpack/src"
  "${CMAKE_CURRENT_LIST_DIR}/generated"
  "${CMAKE_CURRENT_LIST_DIR}/../shim")

add_library(small OBJECT
  "${TP}/farmhash/src/src/farmhash.cc"
  "${TP}/fft2d/src/fftsg.c"
  "${TP}/fft2d/src/fftsg2d.c"
  "${TP}/flatbuffers/src/src/util.cpp")
target_link_libraries(small PRIVATE headers)
# With strict aliasing GCC 12 drops the call of rdft2d_sub() from fftsg2d.c, and RFFT2D answers
# wrongly.
set_source_files_properties("${TP}/fft2d/src/fftsg.c" "${TP}/fft2d/src/fftsg2d.c"
  PROPERTIES COMPILE_OPTIONS "-fno-strict-aliasing")
# farmhash would otherwise pick instructions by what the compiler may use, and its
# feature macros differ between compilers.
target_compile_definitions(small PRIVATE FARMHASH_NO_CXX_STRING)

# ruy: its instruction-set flags are those of its own CMake project.
file(GLOB _ruy_sources "${TP}/ruy/src/ruy/*.cc" "${TP}/ruy/src/ruy/profiler/*.cc")
list(FILTER _ruy_sources EXCLUDE REGEX "(_test|/test_[a-z_]*|/benchmark|/pmu|/tune_tool|_instrumented_library|/test)[.]cc$")
add_library(ruy_all OBJECT ${_ruy_sources})
target_link_libraries(ruy_all PRIVATE headers)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set_source_files_properties(
    "${TP}/ruy/src/ruy/kernel_avx512.cc" "${TP}/ruy/src/ruy/pack_avx512.cc" "${TP}/ruy/src/ruy/have_built_path_for_avx512.cc"
    PROPERTIES COMPILE_OPTIONS "-mavx512f;-mavx512vl;-mavx512cd;-mavx512bw;-mavx512dq")
  set_source_files_properties(
    "${TP}/ruy/src/ruy/kernel_avx2_fma.cc" "${TP}/ruy/src/ruy/pack_avx2_fma.cc" "${TP}/ruy/src/ruy/have_built_path_for_avx2_fma.cc"
    PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(
    "${TP}/ruy/src/ruy/kernel_avx.cc" "${TP}/ruy/src/ruy/pack_avx.cc" "${TP}/ruy/src/ruy/have_built_path_for_avx.cc"
    PROPERTIES COMPILE_OPTIONS "-mavx")
endif()
