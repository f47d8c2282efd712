#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// Memory from calloc(): large blocks are zero already, and what is never used takes none.

namespace {

// Before each block is the pointer that calloc() gave.
constexpr std::size_t kHeader = sizeof(void*);

}  // namespace

extern "C" {

void* tflite_sys_aligned_alloc(std::size_t alignment, std::size_t size) {
  if (alignment < kHeader || size > SIZE_MAX - alignment - kHeader) return nullptr;
  char* memory = static_cast<char*>(std::calloc(1, size + alignment + kHeader));
  if (memory == nullptr) return nullptr;
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(memory) + kHeader;
  const std::uintptr_t padding = (alignment - first % alignment) % alignment;
  char* aligned = memory + kHeader + padding;
  std::memcpy(aligned - kHeader, &memory, kHeader);
  return aligned;
}

void* tflite_sys_malloc(std::size_t size) {
  return tflite_sys_aligned_alloc(alignof(std::max_align_t), size);
}

void tflite_sys_free(void* memory) {
  if (memory == nullptr) return;
  void* block;
  std::memcpy(&block, static_cast<char*>(memory) - kHeader, kHeader);
  std::free(block);
}

}  // extern "C"
