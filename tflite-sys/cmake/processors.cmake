# What cpuinfo learns about the processors on Linux comes from sources of our own, in the place of
# those that read /sys and /proc/cpuinfo: with these, cpuinfo fails where /sys is hidden, as on
# Lambda's arm64 machines, and XNNPACK with it.

if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(_shim "${CMAKE_CURRENT_LIST_DIR}/../shim/cpuinfo")
  get_target_property(_sources cpuinfo SOURCES)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(i[3-6]86|AMD64|amd64|x86|x86_64)$")
    set(_instead x86.c)
    set(_replaced src/x86/linux/cpuinfo.c)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(_instead aarch64.c)
    set(_replaced src/arm/linux/init.c src/arm/linux/cpuinfo.c src/arm/linux/clusters.c)
  endif()
  if(_instead)
    # What is left then reads no file, so that these go too.
    list(APPEND _replaced src/linux/processors.c src/linux/cpulist.c src/linux/smallfile.c
      src/linux/multiline.c)
    foreach(_source ${_replaced})
      if(NOT _source IN_LIST _sources)
        message(FATAL_ERROR "cpuinfo has no ${_source} any more: see cmake/processors.cmake")
      endif()
      list(REMOVE_ITEM _sources ${_source})
    endforeach()
    list(APPEND _sources "${_shim}/processors.c" "${_shim}/${_instead}")
    set_target_properties(cpuinfo PROPERTIES SOURCES "${_sources}")
  endif()
endif()
