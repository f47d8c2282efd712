# TensorFlow Lite itself: the sources of upstream's `tensorflow-lite` target, for the
# options XNNPACK on, GPU and NNAPI off, external delegate on.

function(lite_sources out)
  set(_all)
  foreach(_dir ${ARGN})
    file(GLOB _found "${LITE}/${_dir}/*.cc" "${LITE}/${_dir}/*.c")
    list(APPEND _all ${_found})
  endforeach()
  list(FILTER _all EXCLUDE REGEX "(_test|_tester|_test_util|test_util|_test_util_internal|_test_helpers|_ops_wrapper)[.](c|cc)$|/test_[^/]*[.]cc$")
  set(${out} ${_all} PARENT_SCOPE)
endfunction()

lite_sources(_runtime
  . core core/acceleration/configuration core/api core/async core/async/c core/async/interop
  core/async/interop/c core/c core/experimental/acceleration/configuration core/kernels core/tools c
  delegates delegates/external experimental/remat experimental/resource
  profiling/telemetry profiling/telemetry/c)
list(FILTER _runtime EXCLUDE REGEX
  "/tflite_with_xnnpack[.]cc$|with_selected_ops[.]cc$|tensorflow_profiler_logger[^/]*[.]cc$|minimal_logging_[a-z]*[.]cc$|xnnpack_plugin|nnapi_plugin|/hexagon_plugin|/gpu_plugin|coreml_plugin|edgetpu|/create_op_resolver_with_builtin_ops[.]cc$")
list(APPEND _runtime
  "${LITE}/profiling/platform_profiler.cc"
  "${LITE}/profiling/root_profiler.cc"
  "${LITE}/delegates/nnapi/nnapi_delegate_disabled.cc"
  "${LITE}/nnapi/nnapi_implementation_disabled.cc"
  "${TF}/tensorflow/compiler/mlir/lite/allocation.cc"
  "${TF}/tensorflow/compiler/mlir/lite/core/api/error_reporter.cc"
  "${TF}/tensorflow/compiler/mlir/lite/core/api/flatbuffer_conversions.cc"
  "${TF}/tensorflow/compiler/mlir/lite/core/model_builder_base.cc"
  "${TF}/tensorflow/compiler/mlir/lite/experimental/remat/metadata_util.cc"
  "${TF}/tensorflow/compiler/mlir/lite/mmap_allocation.cc"
  "${TF}/tensorflow/compiler/mlir/lite/schema/schema_utils.cc"
  "${TF}/tensorflow/compiler/mlir/lite/utils/string_utils.cc"
  # In the place of minimal_logging_default.cc, which writes to stderr.
  "${CMAKE_CURRENT_LIST_DIR}/../shim/minimal_logging.cc")

lite_sources(_kernels
  kernels kernels/internal kernels/internal/optimized kernels/internal/optimized/integer_ops
  kernels/internal/optimized/sparse_ops kernels/internal/reference
  kernels/internal/reference/integer_ops kernels/internal/reference/sparse_ops)
list(APPEND _kernels
  "${LITE}/kernels/internal/utils/sparsity_format_converter.cc"
  "${LITE}/kernels/internal/optimized/4bit/fully_connected_reference.cc")

lite_sources(_xnnpack_delegate delegates/xnnpack)
list(FILTER _xnnpack_delegate EXCLUDE REGEX "windows_util")

# The version that TfLiteVersion() answers: that of the source, which the caller states and
# upstream's own version file confirms.
set(TFLITE_SYS_TFLITE_VERSION "" CACHE STRING "The version of the source, as 2.22.0")
file(STRINGS "${TP}/tflite/tf_version.gni" _version REGEX "^tf_version_(major|minor|patch) = ")
string(REGEX REPLACE "tf_version_[a-z]+ = " "" _version "${_version}")
string(REPLACE ";" "." _version_of_source "${_version}")
if(NOT _version_of_source STREQUAL TFLITE_SYS_TFLITE_VERSION)
  message(FATAL_ERROR
    "The source is TensorFlow Lite ${_version_of_source}, but the bindings are for "
    "${TFLITE_SYS_TFLITE_VERSION}")
endif()
list(GET _version 0 _major)
list(GET _version 1 _minor)
list(GET _version 2 _patch)

# Whether ruy multiplies all matrices, as cpu_backend_gemm.h has it by default: on Arm. Elsewhere
# Eigen multiplies the float ones, and gemmlowp or ruy the quantized ones. With ruy for all of them
# the kernels took nine times as long on x86-64 (MobileNet-like model, float32, one thread).
set(_with_ruy OFF)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|armv7)")
  set(_with_ruy ON)
endif()

function(lite_library name)
  add_library(${name} OBJECT ${ARGN})
  target_link_libraries(${name} PRIVATE headers)
  target_compile_definitions(${name} PRIVATE
    EIGEN_NEON_GEBP_NR=4
    $<$<BOOL:${_with_ruy}>:TFLITE_WITH_RUY>
    TFLITE_KERNEL_USE_XNNPACK
    TFLITE_BUILD_WITH_XNNPACK_DELEGATE
    XNNPACK_DELEGATE_ENABLE_QS8
    XNNPACK_DELEGATE_ENABLE_QU8
    XNNPACK_DELEGATE_USE_LATEST_OPS
    XNNPACK_DELEGATE_ENABLE_SUBGRAPH_RESHAPING
    TFL_STATIC_LIBRARY_BUILD
    TF_MAJOR_VERSION=${_major} TF_MINOR_VERSION=${_minor} TF_PATCH_VERSION=${_patch}
    TF_VERSION_SUFFIX="")
endfunction()

# The header of the weight cache is made by flatc, which is not built for one small file: ours
# is committed. It is of use only for the schema that it was made from.
file(SHA256 "${LITE}/delegates/xnnpack/weight_cache_schema.fbs" _schema_hash)
if(NOT _schema_hash STREQUAL "3fc0638624114d1be8192f330a42db2b0fbfa276bcc4806aa85f80614a0e33e3")
  message(FATAL_ERROR
    "weight_cache_schema.fbs has changed: make cmake/generated/ anew, as CONTRIBUTING.md says")
endif()

lite_library(tflite_runtime ${_runtime})
lite_library(tflite_kernels ${_kernels})
lite_library(tflite_xnnpack ${_xnnpack_delegate})

# In the place of create_op_resolver_with_builtin_ops.cc: the same operators, with checks of the
# values that their kernels trust.
file(GLOB _checked "${CMAKE_CURRENT_LIST_DIR}/../shim/checked/*.cc")
lite_library(tflite_checked ${_checked})
# No kernel's unwritten output shows memory that nobody initialised: the arena starts with zeros.
set_source_files_properties("${LITE}/simple_memory_arena.cc" PROPERTIES
  COMPILE_OPTIONS "-include;${CMAKE_CURRENT_LIST_DIR}/../shim/checked/zeroed.h")
# The delegate's checks log without a context to log to.
target_compile_options(tflite_xnnpack PRIVATE
  "SHELL:-include \"${CMAKE_CURRENT_LIST_DIR}/../shim/checked/unlogged.h\"")

# The sources are small files under large headers: compiled together they take a part of
# the time. Left out are those that define the same names (or, portable_tensor_utils, the
# same include guard) as a neighbour, and those that rename Eigen's namespace, which must
# see Eigen's headers first.
set_target_properties(tflite_runtime tflite_kernels tflite_xnnpack PROPERTIES
  UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
foreach(_alone
    simple_memory_arena
    simple_memory_arena_debug_dump
    simple_planner
    kernels/conv
    kernels/cpu_backend_gemm_eigen
    kernels/dynamic_update_slice
    kernels/eigen_support
    kernels/hashtable_find
    kernels/hashtable_import
    kernels/internal/portable_tensor_utils
    kernels/stablehlo_gather
    kernels/stablehlo_scatter
    kernels/tensor_slice_util)
  set_source_files_properties("${LITE}/${_alone}.cc" PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endforeach()
