/* Fibers (fiber.c) and their stacks (stack.c). */
#ifndef CPL_FIBER_H
#define CPL_FIBER_H
#include "compatlayer/runtime.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct worker;
struct fiber {
    void *sp;
    struct fiber *next;
    struct worker *worker;
    struct slab *slab;
    uint8_t *low, *top;               /* usable stack */
    uint32_t guard_bytes;             /* below `low`; 0: a canary stands in for the guard */
    uint8_t size_class;
    bool idle;                        /* switching to it runs the worker's current thread from its beginning */
    void *sanitizer;                  /* ThreadSanitizer's idea of this stack, see CPL_SANITIZER_* */
};
void cpl_fiber_switch(void **save, void *load);
/* The same for fibers whose floating-point control words are all `control`: it is saved, not read or loaded. Made to be
 * the last call of a function that generated code calls: it leaves by a jump, as the processor predicts that best. */
void cpl_fiber_jump(void **save, void *load, uint64_t control);
uint64_t cpl_fiber_control(void);
/* Sanitizers must hear of every switch and of every stack left for good; in other builds this is nothing. */
#if defined(__SANITIZE_THREAD__)
CPL_EXPORT void *__tsan_create_fiber(unsigned flags);
CPL_EXPORT void *__tsan_get_current_fiber(void);
CPL_EXPORT void __tsan_switch_to_fiber(void *fiber, unsigned flags);
CPL_EXPORT void __tsan_destroy_fiber(void *fiber);
#define CPL_SANITIZER_HERE() __tsan_get_current_fiber()
#define CPL_SANITIZER_SWITCH(target) __tsan_switch_to_fiber(target, 0)
/* Made once: a stack left for good only looks some calls deeper to it than it is. */
#define CPL_SANITIZER_RENEW(fiber) \
    ((fiber)->sanitizer = (fiber)->sanitizer ? (fiber)->sanitizer : __tsan_create_fiber(0))
#define CPL_SANITIZER_FORGET(fiber) ((fiber)->sanitizer ? __tsan_destroy_fiber((fiber)->sanitizer) : (void)0)
#else
#define CPL_SANITIZER_FORGET(fiber) ((void)(fiber))
#define CPL_SANITIZER_HERE() NULL
#define CPL_SANITIZER_SWITCH(target) ((void)(target))
#if defined(__SANITIZE_ADDRESS__)
CPL_EXPORT void __asan_unpoison_memory_region(const volatile void *address, size_t bytes);
#define CPL_SANITIZER_RENEW(fiber) __asan_unpoison_memory_region((fiber)->low, (size_t)((fiber)->top - (fiber)->low))
#else
#define CPL_SANITIZER_RENEW(fiber) ((void)(fiber))
#endif
#endif
void cpl_fiber_reset(struct fiber *fiber, void (*main)(struct fiber *));
enum { CPL_STACK_CLASSES = 16 };
int cpl_stack_class(uint64_t wanted_bytes);                                   /* -1: too large */
struct fiber *cpl_fiber_take(struct worker *worker, int size_class);          /* NULL: out of memory */
void cpl_fiber_give(struct fiber *fiber);
enum { CPL_FIBERS_KEPT = 2048, CPL_BLOCKS_KEPT = 256 };    /* per worker; stacks of two full blocks */
void cpl_fibers_trim(struct worker *worker);         /* gives unused stacks and their memory beyond these back */
bool cpl_fiber_overran(const struct fiber *fiber);
bool cpl_vma_take(int64_t count);     /* a share of the process's mappings (vm.max_map_count) */
void cpl_vma_give(int64_t count);

#pragma GCC visibility pop
#endif
