// In the place of cpuinfo's linux/processors.c and x86/linux/cpuinfo.c, which read /sys and /proc.
//
// All that decides which code runs on x86 comes from CPUID, sizes of caches too. The files only say
// which processors share a core or a package: here they are taken to be numbered as CPUID lays them
// out, which changes no result.

#include <linux/api.h>
#include <x86/linux/api.h>

#include "processors.h"

uint32_t cpuinfo_linux_get_max_processors_count(void) { return tflite_sys_processors(); }

uint32_t cpuinfo_linux_get_max_possible_processor(uint32_t max_processors_count) {
  return max_processors_count - 1;
}

uint32_t cpuinfo_linux_get_max_present_processor(uint32_t max_processors_count) {
  return max_processors_count - 1;
}

// The structs differ between architectures: what is known is where the first one's flags are, and
// how far it is to the next one's.
static bool set_flag(uint32_t count, uint32_t* first, uint32_t stride, uint32_t flag) {
  char* flags = (char*)first;
  for (uint32_t i = 0; i < count; i++) *(uint32_t*)(flags + (size_t)i * stride) |= flag;
  return true;
}

bool cpuinfo_linux_detect_possible_processors(uint32_t max_processors_count,
                                              uint32_t* processor0_flags,
                                              uint32_t processor_struct_size,
                                              uint32_t possible_flag) {
  return set_flag(max_processors_count, processor0_flags, processor_struct_size, possible_flag);
}

bool cpuinfo_linux_detect_present_processors(uint32_t max_processors_count,
                                             uint32_t* processor0_flags,
                                             uint32_t processor_struct_size,
                                             uint32_t present_flag) {
  return set_flag(max_processors_count, processor0_flags, processor_struct_size, present_flag);
}

bool cpuinfo_x86_linux_parse_proc_cpuinfo(
    uint32_t max_processors_count,
    struct cpuinfo_x86_linux_processor processors[restrict static max_processors_count]) {
  for (uint32_t i = 0; i < max_processors_count; i++) {
    processors[i].apic_id = i;
    processors[i].flags |= CPUINFO_LINUX_FLAG_APIC_ID | CPUINFO_LINUX_FLAG_PROC_CPUINFO;
  }
  return true;
}
