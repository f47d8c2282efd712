# One archive out of all objects, those of the sub-projects' targets included: whoever
# links it names one library and needs not know what it is made of.

set(_objects)
foreach(_target absl_all small ruy_all tflite_runtime tflite_kernels tflite_xnnpack tflite_checked)
  list(APPEND _objects $<TARGET_OBJECTS:${_target}>)
endforeach()

foreach(_dir "${TP}/xnnpack/src" "${TP}/cpuinfo/src" "${TP}/pthreadpool/src")
  get_property(_targets DIRECTORY "${_dir}" PROPERTY BUILDSYSTEM_TARGETS)
  # cpuinfo's second, internal flavour is for its unit tests; XNNPACK lists the source of
  # xnnpack-operator-delete among its operators too.
  list(REMOVE_ITEM _targets cpuinfo_internals xnnpack-operator-delete)
  foreach(_target ${_targets})
    get_target_property(_type ${_target} TYPE)
    if(_type MATCHES "^(OBJECT|STATIC)_LIBRARY$")
      list(APPEND _objects $<TARGET_OBJECTS:${_target}>)
    endif()
  endforeach()
endforeach()

# The list is longer than one command line may be.
set(CMAKE_NINJA_FORCE_RESPONSE_FILE ON)
add_library(tensorflowlite_c STATIC ${_objects})
set_target_properties(tensorflowlite_c PROPERTIES LINKER_LANGUAGE CXX)
