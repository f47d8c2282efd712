// In the place of cpuinfo's arm/linux/init.c, for AArch64.
//
// Upstream's gives up without /sys/devices/system/cpu, and XNNPACK with it: that is so on Lambda.
// Here all that decides which instructions run comes from the kernel's own words, the auxiliary
// vector and the system registers that it lets programs read. One thing is read from files, and
// only believed if it is plausible: the models of the other processors, for the choice between
// kernels where a machine has processors of several kinds.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arm/linux/api.h>
#include <cpuinfo/internal-api.h>
#include <sys/auxv.h>

#include "processors.h"

struct cpuinfo_arm_isa cpuinfo_isa;

struct processor {
  uint32_t id;
  uint32_t midr;
};

// All that is committed at the end, so that it can be freed if any of it cannot be had.
struct description {
  struct cpuinfo_processor* processors;
  struct cpuinfo_core* cores;
  struct cpuinfo_cluster* clusters;
  struct cpuinfo_uarch_info* uarchs;
  // Four for each processor; those that it does not have stay empty.
  struct cpuinfo_cache* caches[4];
  const struct cpuinfo_processor** to_processor;
  const struct cpuinfo_core** to_core;
  uint32_t* to_uarch;
  uint32_t clusters_count;
  uint32_t uarchs_count;
};

static struct cpuinfo_package package;

// The model of the processor that this runs on; 0 where the kernel does not let it be read.
static uint32_t own_midr(uint32_t features) {
  if ((features & CPUINFO_ARM_LINUX_FEATURE_CPUID) == 0) return 0;
  uint64_t midr;
  __asm__("mrs %0, midr_el1" : "=r"(midr));
  return (uint32_t)midr;
}

// The model of processor `id` after the kernel's file; 0 if that is missing or holds anything else.
static uint32_t midr_of_file(uint32_t id) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/regs/identification/midr_el1",
           (unsigned)id);
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return 0;
  char text[32];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 2 || memcmp(text, "0x", 2) != 0) return 0;
  text[length] = '\0';
  char* end;
  const unsigned long long midr = strtoull(text + 2, &end, 16);
  const int is_whole = *end == '\0' || (*end == '\n' && end[1] == '\0');
  return is_whole && midr <= UINT32_MAX ? (uint32_t)midr : 0;
}

static void find_models(struct processor* all, uint32_t count, uint32_t own) {
  uint32_t found = 0;
  int has_own = 0;
  for (uint32_t i = 0; i < count; i++) {
    all[i].id = i;
    all[i].midr = midr_of_file(i);
    found += all[i].midr != 0;
    has_own |= all[i].midr == own;
  }
  // With one missing, or without the one that is certain, they are another machine's or nonsense.
  if (found == count && (has_own || own == 0)) return;
  for (uint32_t i = 0; i < count; i++) all[i].midr = own;
}

// The fastest first, as upstream has them: XNNPACK takes the first one's kernels and caches. Those
// of one model stay together.
static int compare(const void* left, const void* right) {
  const struct processor* a = left;
  const struct processor* b = right;
  if (a->midr != b->midr) {
    const uint32_t of_a = midr_score_core(a->midr);
    const uint32_t of_b = midr_score_core(b->midr);
    if (of_a != of_b) return of_a > of_b ? -1 : 1;
    return a->midr > b->midr ? -1 : 1;
  }
  return a->id < b->id ? -1 : a->id > b->id;
}

static void release(struct description* all) {
  free(all->processors);
  free(all->cores);
  free(all->clusters);
  free(all->uarchs);
  for (int level = 0; level < 4; level++) free(all->caches[level]);
  free(all->to_processor);
  free(all->to_core);
  free(all->to_uarch);
}

// Room for as many of each as there can be.
static int allocate(struct description* all, uint32_t count) {
  all->processors = calloc(count, sizeof *all->processors);
  all->cores = calloc(count, sizeof *all->cores);
  all->clusters = calloc(count, sizeof *all->clusters);
  all->uarchs = calloc(count, sizeof *all->uarchs);
  int is_complete = 1;
  for (int level = 0; level < 4; level++) {
    all->caches[level] = calloc(count, sizeof *all->caches[level]);
    is_complete &= all->caches[level] != NULL;
  }
  all->to_processor = calloc(count, sizeof *all->to_processor);
  all->to_core = calloc(count, sizeof *all->to_core);
  all->to_uarch = calloc(count, sizeof *all->to_uarch);
  return is_complete && all->processors != NULL && all->cores != NULL && all->clusters != NULL &&
         all->uarchs != NULL && all->to_processor != NULL && all->to_core != NULL &&
         all->to_uarch != NULL;
}

// A cache that the processor has for itself; NULL if upstream's tables know of none.
static const struct cpuinfo_cache* complete(struct cpuinfo_cache* cache, uint32_t processor) {
  if (cache->size == 0) return NULL;
  cache->partitions = 1;
  if (cache->associativity != 0 && cache->line_size != 0) {
    cache->sets = cache->size / (cache->associativity * cache->line_size);
  }
  cache->processor_start = processor;
  cache->processor_count = 1;
  return cache;
}

static void describe(struct description* all, const struct processor* found, uint32_t count) {
  // No chipset is named: its name is in /proc/cpuinfo only.
  const struct cpuinfo_arm_chipset chipset = {0};
  for (uint32_t i = 0; i < count; i++) {
    enum cpuinfo_vendor vendor = cpuinfo_vendor_unknown;
    enum cpuinfo_uarch uarch = cpuinfo_uarch_unknown;
    cpuinfo_arm_decode_vendor_uarch(found[i].midr, &vendor, &uarch);

    if (all->uarchs_count == 0 || all->uarchs[all->uarchs_count - 1].uarch != uarch) {
      all->uarchs[all->uarchs_count++] =
          (struct cpuinfo_uarch_info){.uarch = uarch, .midr = found[i].midr};
    }
    struct cpuinfo_uarch_info* kind = &all->uarchs[all->uarchs_count - 1];
    kind->processor_count++;
    kind->core_count++;

    if (all->clusters_count == 0 || all->clusters[all->clusters_count - 1].midr != found[i].midr) {
      all->clusters[all->clusters_count] = (struct cpuinfo_cluster){.processor_start = i,
                                                                    .core_start = i,
                                                                    .cluster_id = all->clusters_count,
                                                                    .package = &package,
                                                                    .vendor = vendor,
                                                                    .uarch = uarch,
                                                                    .midr = found[i].midr};
      all->clusters_count++;
    }
    struct cpuinfo_cluster* cluster = &all->clusters[all->clusters_count - 1];
    cluster->processor_count++;
    cluster->core_count++;

    all->cores[i] = (struct cpuinfo_core){.processor_start = i,
                                          .processor_count = 1,
                                          .core_id = i,
                                          .cluster = cluster,
                                          .package = &package,
                                          .vendor = vendor,
                                          .uarch = uarch,
                                          .midr = found[i].midr};
    // One core to a cluster: what the tables multiply by the number of cores is then one core's.
    cpuinfo_arm_decode_cache(uarch, 1, found[i].midr, &chipset, 0, 8, &all->caches[0][i],
                             &all->caches[1][i], &all->caches[2][i], &all->caches[3][i]);
    all->processors[i] = (struct cpuinfo_processor){.core = &all->cores[i],
                                                    .cluster = cluster,
                                                    .package = &package,
                                                    .linux_id = (int)found[i].id};
    all->processors[i].cache.l1i = complete(&all->caches[0][i], i);
    all->processors[i].cache.l1d = complete(&all->caches[1][i], i);
    all->processors[i].cache.l2 = complete(&all->caches[2][i], i);
    all->processors[i].cache.l3 = complete(&all->caches[3][i], i);

    all->to_processor[found[i].id] = &all->processors[i];
    all->to_core[found[i].id] = &all->cores[i];
    all->to_uarch[found[i].id] = all->uarchs_count - 1;
  }
}

extern const uint32_t* cpuinfo_linux_cpu_to_uarch_index_map;

static void commit(const struct description* all, uint32_t count) {
  package.processor_count = count;
  package.core_count = count;
  package.cluster_count = all->clusters_count;
  cpuinfo_processors = all->processors;
  cpuinfo_processors_count = count;
  cpuinfo_cores = all->cores;
  cpuinfo_cores_count = count;
  cpuinfo_clusters = all->clusters;
  cpuinfo_clusters_count = all->clusters_count;
  cpuinfo_packages = &package;
  cpuinfo_packages_count = 1;
  cpuinfo_uarchs = all->uarchs;
  cpuinfo_uarchs_count = all->uarchs_count;
  static const enum cpuinfo_cache_level levels[] = {cpuinfo_cache_level_1i, cpuinfo_cache_level_1d,
                                                    cpuinfo_cache_level_2, cpuinfo_cache_level_3};
  for (int level = 0; level < 4; level++) {
    // All or none: the tables' answer is the same for processors of one model.
    const int is_there = all->caches[level][0].size != 0;
    cpuinfo_cache[levels[level]] = is_there ? all->caches[level] : NULL;
    cpuinfo_cache_count[levels[level]] = is_there ? count : 0;
  }
  cpuinfo_max_cache_size = cpuinfo_arm_compute_max_cache_size(&all->processors[0]);
  cpuinfo_linux_cpu_max = count;
  cpuinfo_linux_cpu_to_processor_map = all->to_processor;
  cpuinfo_linux_cpu_to_core_map = all->to_core;
  // Where all are of one kind nobody need ask on which one a thread is.
  cpuinfo_linux_cpu_to_uarch_index_map = all->uarchs_count > 1 ? all->to_uarch : NULL;
  __sync_synchronize();
  cpuinfo_is_initialized = true;
}

void cpuinfo_arm_linux_init(void) {
  const int error = errno;
  uint32_t features = 0;
  uint64_t features2 = 0;
  cpuinfo_arm_linux_hwcap_from_getauxval(&features, &features2);
  // Without a model: by it upstream turns instructions on that the kernel does not name.
  const struct cpuinfo_arm_chipset chipset = {0};
  cpuinfo_arm64_linux_decode_isa_from_proc_cpuinfo(features, features2, 0, &chipset, &cpuinfo_isa);

  const uint32_t count = tflite_sys_processors();
  struct processor* found = calloc(count, sizeof *found);
  struct description all = {0};
  if (found != NULL && allocate(&all, count)) {
    find_models(found, count, own_midr(features));
    qsort(found, count, sizeof *found, compare);
    describe(&all, found, count);
    commit(&all, count);
  } else {
    release(&all);
  }
  free(found);
  errno = error;
}
