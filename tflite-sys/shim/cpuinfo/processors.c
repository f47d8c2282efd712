#include "processors.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/syscall.h>

// The kernel refuses a mask that is shorter than its own, and none is configured for more.
#define MOST_PROCESSORS 65536
#define BITS_PER_WORD (8 * sizeof(unsigned long))

// The highest bit of the affinity mask, counted from 1; 0 if the kernel does not tell.
static uint32_t highest_allowed(unsigned long* mask, size_t bits) {
  // The system call itself: it says how many bytes it has written. Of the main thread, since this
  // one may be bound to a single processor.
  long bytes = syscall(SYS_sched_getaffinity, getpid(), bits / 8, mask);
  if (bytes <= 0) bytes = syscall(SYS_sched_getaffinity, 0, bits / 8, mask);
  if (bytes <= 0) return 0;
  for (size_t word = (size_t)bytes / sizeof *mask; word-- > 0;) {
    if (mask[word] == 0) continue;
    size_t bit = BITS_PER_WORD - 1;
    while ((mask[word] >> bit & 1) == 0) bit--;
    return (uint32_t)(word * BITS_PER_WORD + bit + 1);
  }
  return 0;
}

uint32_t tflite_sys_processors(void) {
  const int error = errno;
  uint32_t count = 0;
  unsigned long* mask = calloc(MOST_PROCESSORS / BITS_PER_WORD, sizeof *mask);
  if (mask != NULL) count = highest_allowed(mask, MOST_PROCESSORS);
  free(mask);
  errno = error;
  return count != 0 ? count : 1;
}
