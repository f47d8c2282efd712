// Included before everything else in XNNPACK's runtime.c, which allocates the workspace with these
// and nothing else: memory that is zero already need not be zeroed by hand.

#ifndef TFLITE_SYS_XNNPACK_WORKSPACE_H_
#define TFLITE_SYS_XNNPACK_WORKSPACE_H_

#include "src/xnnpack/allocator.h"

void* tflite_sys_aligned_alloc(size_t alignment, size_t size);
void tflite_sys_free(void* memory);

#define xnn_allocate_zero_simd_memory(size) tflite_sys_aligned_alloc(XNN_ALLOCATION_ALIGNMENT, size)
#define xnn_release_simd_memory(memory) tflite_sys_free(memory)

#endif  // TFLITE_SYS_XNNPACK_WORKSPACE_H_
