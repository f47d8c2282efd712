// What the kernel itself says of the processors, without a file: Lambda on arm64 has no
// /sys/devices/system/cpu, containers may hide /proc, and what either holds is not always true.

#ifndef TFLITE_SYS_CPUINFO_PROCESSORS_H_
#define TFLITE_SYS_CPUINFO_PROCESSORS_H_

#include <stdint.h>

// One more than the highest number of a processor that this process may run on: 1 at least.
uint32_t tflite_sys_processors(void);

#endif  // TFLITE_SYS_CPUINFO_PROCESSORS_H_
