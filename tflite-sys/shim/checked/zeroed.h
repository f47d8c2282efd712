// Included before everything else in simple_memory_arena.cc: its memory starts with zeros, so that
// tensors which a kernel leaves unwritten hold no memory that nobody initialised.

#ifndef TFLITE_SYS_CHECKED_ZEROED_H_
#define TFLITE_SYS_CHECKED_ZEROED_H_

// Before the definitions below: it takes back what others define.
#include <cstdlib>

extern "C" void* tflite_sys_aligned_alloc(std::size_t alignment, std::size_t size);
extern "C" void* tflite_sys_malloc(std::size_t size);
extern "C" void tflite_sys_free(void* memory);

namespace std {
using ::tflite_sys_free;
using ::tflite_sys_malloc;
}  // namespace std

#define aligned_alloc tflite_sys_aligned_alloc
#define malloc tflite_sys_malloc
#define free tflite_sys_free

#endif  // TFLITE_SYS_CHECKED_ZEROED_H_
