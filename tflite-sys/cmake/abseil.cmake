# Abseil, without its own CMake project: that makes some two hundred targets of which
# the C library needs a part. Folders are listed, tests and benchmarks left out.

set(ABSL "${TP}/abseil-cpp")
set(_absl_sources)
foreach(_dir
    base base/internal container/internal crc crc/internal debugging debugging/internal
    hash/internal log log/internal numeric profiling/internal status status/internal strings
    strings/internal strings/internal/str_format synchronization synchronization/internal time
    time/internal/cctz/src types)
  file(GLOB _found "${ABSL}/absl/${_dir}/*.cc")
  list(APPEND _absl_sources ${_found})
endforeach()
list(FILTER _absl_sources EXCLUDE REGEX
  "(_test|_benchmark|_benchmarks|_test_common|_testing|_test_helpers?|_test_util|_test_matchers|test_instance_tracker|test_actions|test_helpers|test_matchers|test_util|scoped_mock_log|status_matchers|hash_generator_testing|benchmark_helper|gaussian_distribution_gentables|print_hash_of|time_zone_name_win|exception_safety_testing|matchers)[.]cc$|/(mutex_benchmark|tests?)/")
# Command-line flags for the log: they would bring in the flags library.
list(FILTER _absl_sources EXCLUDE REGEX "/log/flags[.]cc$")
add_library(absl_all OBJECT ${_absl_sources})
target_include_directories(absl_all PUBLIC "${ABSL}")

# Compiled together, but for those that define the same names as a neighbour.
set_target_properties(absl_all PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
file(GLOB _cctz "${ABSL}/absl/time/internal/cctz/src/*.cc")
set_source_files_properties(
  "${ABSL}/absl/base/internal/poison.cc"
  "${ABSL}/absl/debugging/internal/utf8_for_code_point.cc"
  "${ABSL}/absl/log/internal/vlog_config.cc"
  "${ABSL}/absl/strings/internal/charconv_parse.cc"
  "${ABSL}/absl/time/time.cc"
  ${_cctz}
  PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
