# XNNPACK, cpuinfo and pthreadpool through their own CMake projects.

set(CPUINFO_SOURCE_DIR "${TP}/cpuinfo/src" CACHE PATH "" FORCE)
set(FP16_SOURCE_DIR "${TP}/fp16/src" CACHE PATH "" FORCE)
set(FXDIV_SOURCE_DIR "${TP}/fxdiv/src" CACHE PATH "" FORCE)
set(PTHREADPOOL_SOURCE_DIR "${TP}/pthreadpool/src" CACHE PATH "" FORCE)

foreach(_off
    CPUINFO_BUILD_TOOLS CPUINFO_BUILD_UNIT_TESTS CPUINFO_BUILD_MOCK_TESTS CPUINFO_BUILD_BENCHMARKS
    CPUINFO_BUILD_PKG_CONFIG
    FP16_BUILD_TESTS FP16_BUILD_BENCHMARKS FXDIV_BUILD_TESTS FXDIV_BUILD_BENCHMARKS
    PTHREADPOOL_BUILD_TESTS PTHREADPOOL_BUILD_BENCHMARKS PTHREADPOOL_ALLOW_DEPRECATED_API
    XNNPACK_BUILD_TESTS XNNPACK_BUILD_BENCHMARKS XNNPACK_BUILD_ALL_MICROKERNELS
    XNNPACK_ENABLE_KLEIDIAI)
  set(${_off} OFF CACHE BOOL "" FORCE)
endforeach()
# A library does not write to somebody else's stderr.
set(CPUINFO_LOG_LEVEL none CACHE STRING "" FORCE)
foreach(_static CPUINFO_LIBRARY_TYPE PTHREADPOOL_LIBRARY_TYPE XNNPACK_LIBRARY_TYPE)
  set(${_static} static CACHE STRING "" FORCE)
endforeach()

add_subdirectory("${TP}/cpuinfo/src" cpuinfo EXCLUDE_FROM_ALL)
include(processors.cmake)
add_subdirectory("${TP}/xnnpack/src" xnnpack EXCLUDE_FROM_ALL)

# GCC 12 moves all of the loads of some depthwise kernels to the front, for which there are far too
# few registers: through memory, int8 5x5 convolutions take 2.2 times as long. Without this pass its
# code is as quick as Clang's.
target_compile_options(xnnpack-microkernels-prod PRIVATE
  $<$<C_COMPILER_ID:GNU>:$<$<COMPILE_LANGUAGE:C>:-fno-tree-ter>>)

# The workspace comes from calloc(), which is spared the zeroing of what the kernel gives, and is
# planned by a function of our own.
set(_shim "${CMAKE_CURRENT_LIST_DIR}/../shim/xnnpack")
set_property(SOURCE "${TP}/xnnpack/src/src/runtime.c" DIRECTORY "${TP}/xnnpack/src" APPEND PROPERTY
  COMPILE_OPTIONS "-include;${_shim}/workspace.h")
set_property(SOURCE "${TP}/xnnpack/src/src/memory-planner.c" DIRECTORY "${TP}/xnnpack/src" APPEND PROPERTY
  COMPILE_OPTIONS "-include;${_shim}/planner.h")
target_sources(xnnpack-subgraph PRIVATE "${_shim}/planner.c")
