#include <cstdlib>
#include <cstring>

extern "C" {

void* tflite_sys_malloc(std::size_t size) { return std::calloc(1, size); }

#if !defined(__APPLE__)
void* tflite_sys_aligned_alloc(std::size_t alignment, std::size_t size) {
  void* memory = ::aligned_alloc(alignment, size);
  if (memory != nullptr) std::memset(memory, 0, size);
  return memory;
}
#endif

}  // extern "C"
