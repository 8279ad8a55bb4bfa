/* A stand-in for a vendor's library: its calls, carried out by the CPU device's native runtime. A header made from the
 * vendor's row gives the calls their names (OP_*), the form of their parameters and the attributes' numbers (ATTR_*).
 * Environment: STANDIN_DEVICES, STANDIN_MEMORY (bytes), STANDIN_LOSE_AFTER (launches until the device is lost),
 * STANDIN_CRASH (1: crash when loaded), STANDIN_PYTHON, STANDIN_COMPILE and STANDIN_CACHE (see compile.py). */
#define _GNU_SOURCE
#include <compatlayer/runtime.h>
#include <pthread.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "names.h"

#define EXPORT __attribute__((visibility("default")))
enum { FIRST = 32, MOST = 4 };    /* ordinals of the native runtime that no device of ours has */
enum { OK = 0, INVALID, NO_MEMORY, IMAGE, NOT_FOUND, NOT_READY, ADDRESS, ASSERT, TIMEOUT, LAUNCH, INSTRUCTION, LOST,
       NO_DEVICE, STATUSES };
/* Numbers that are CUDA's for no vendor: whoever goes by numbers instead of names is found out. */
static const int numbers[STATUSES] = {0, 1, 2, 1200, 1500, 1600, 1700, 1710, 1702, 1719, 1715, 1214, 1100};
static const char *const names[STATUSES][2] = {
    {"Success", "SUCCESS"}, {"ErrorInvalidValue", "ERROR_INVALID_VALUE"}, {"ErrorOutOfMemory", "ERROR_OUT_OF_MEMORY"},
    {"ErrorInvalidImage", "ERROR_INVALID_IMAGE"}, {"ErrorNotFound", "ERROR_NOT_FOUND"},
    {"ErrorNotReady", "ERROR_NOT_READY"}, {"ErrorIllegalAddress", "ERROR_ILLEGAL_ADDRESS"},
    {"ErrorAssert", "ERROR_ASSERT"}, {"ErrorLaunchTimeOut", "ERROR_LAUNCH_TIMEOUT"},
    {"ErrorLaunchFailure", "ERROR_LAUNCH_FAILED"}, {"ErrorIllegalInstruction", "ERROR_ILLEGAL_INSTRUCTION"},
    {"ErrorDeviceUnavailable", "ERROR_DEVICE_UNAVAILABLE"}, {"ErrorNoDevice", "ERROR_NO_DEVICE"}};

struct life { cpl_domain *domain; int uses; };    /* of a device, from one reset to the next */
struct stream { cpl_queue *queue; struct life *life; int device; };
struct event { cpl_fence *fence; };
struct variable { char *name; uint64_t address, bytes; };
struct function { cpl_kernel kernel; uint32_t *places; int count; };    /* offsets and sizes of `count` parameters */
struct module { cpl_module **libraries; int library_count; struct variable *variables; int variable_count;
                struct function *kernels; int kernel_count; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct life *lives[MOST];
static int lost[MOST];
static __attribute__((unused)) int launches;
static _Thread_local int current;

static int setting(const char *name, int usual)
{
    const char *text = getenv(name);
    return text != NULL && *text != '\0' ? atoi(text) : usual;
}

__attribute__((constructor)) static void loaded(void)
{
    if (setting("STANDIN_CRASH", 0))
        *(volatile int *)16 = 1;
}

EXPORT int compatlayer_takes_device_code(void) { return 1; }

static int device_count(void)
{
    int count = setting("STANDIN_DEVICES", 1);
    return count > MOST ? MOST : count;
}

static struct life *life_of(int device)
{
    pthread_mutex_lock(&lock);
    struct life *life = lives[device];
    if (life == NULL && cpl_start(0) == CPL_OK && (life = calloc(1, sizeof *life)) != NULL) {
        life->domain = cpl_domain_open(FIRST + device);
        life->uses = 1;
        lives[device] = life;
    }
    if (life != NULL)
        life->uses++;
    pthread_mutex_unlock(&lock);
    return life;
}

static void let_go(struct life *life)
{
    pthread_mutex_lock(&lock);
    int last = --life->uses == 0;
    pthread_mutex_unlock(&lock);
    if (last) {
        cpl_domain_close(life->domain);
        free(life);
    }
}

static int fault_number(cpl_domain *domain)
{
    switch (cpl_domain_fault(domain, NULL)) {
    case CPL_FAULT_NONE: return 0;
    case CPL_FAULT_ADDRESS: case CPL_FAULT_COPY: return numbers[ADDRESS];
    case CPL_FAULT_ASSERT: return numbers[ASSERT];
    case CPL_FAULT_TIMEOUT: return numbers[TIMEOUT];
    case CPL_FAULT_INSTRUCTION: return numbers[INSTRUCTION];
    default: return numbers[LAUNCH];
    }
}

/* What every call begins with. */
static int state_of(int device)
{
    if (device < 0 || device >= device_count())
        return numbers[NO_DEVICE];
    if (lost[device])
        return numbers[LOST];
    return lives[device] != NULL ? fault_number(lives[device]->domain) : 0;
}

static int told(int native, int device)
{
    if (native >= 0)
        return 0;
    if (native == CPL_FAULTED)
        return fault_number(lives[device]->domain);
    return native == CPL_OUT_OF_MEMORY ? numbers[NO_MEMORY] : numbers[INVALID];
}

/* ---- devices ---- */
#ifdef OP_init
EXPORT int OP_init(unsigned flags) { return flags ? numbers[INVALID] : device_count() ? 0 : numbers[NO_DEVICE]; }
#endif
EXPORT int OP_count(int *count) { *count = device_count(); return 0; }

static int choose(int device)
{
    if (device < 0 || device >= device_count())
        return numbers[INVALID];
    current = device;
    return 0;
}
#ifdef DRIVER
EXPORT int OP_retain(void **context, int device)
{
    *context = (void *)(uintptr_t)(device + 1);
    return device < 0 || device >= device_count() ? numbers[INVALID] : 0;
}
EXPORT int OP_set_context(void *context) { return choose((int)(uintptr_t)context - 1); }
#else
EXPORT int OP_set_device(int device) { return choose(device); }
#endif

static int begin_anew(int device)
{
    pthread_mutex_lock(&lock);
    struct life *life = lives[device];
    lives[device] = NULL;
    lost[device] = 0;
    pthread_mutex_unlock(&lock);
    if (life != NULL)
        let_go(life);
    return 0;
}
#ifdef DRIVER
EXPORT int OP_reset(int device) { return begin_anew(device); }
#else
EXPORT int OP_reset(void) { return begin_anew(current); }
#endif
#ifdef OP_name
EXPORT int OP_name(char *name, int bytes, int device)
{
    snprintf(name, (size_t)bytes, "stand-in %d", device);
    return 0;
}
#endif
EXPORT int OP_bus_id(char *text, int bytes, int device)
{
    snprintf(text, (size_t)bytes, "0000:%02x:00.0", device + 3);
    return 0;
}
EXPORT int OP_attribute(int *value, int attribute, int device)
{
    (void)device;
    (void)value, (void)attribute;
#define SAY(number, answer) if (attribute == (number)) { *value = (answer); return 0; }
    ATTRIBUTES(SAY)
    return numbers[INVALID];
}
EXPORT int OP_memory(size_t *free_bytes, size_t *total)
{
    *total = (size_t)setting("STANDIN_MEMORY", 1 << 30);
    *free_bytes = *total - cpl_memory_used(FIRST + current);
    return state_of(current);
}

static int place_of(int status)
{
    for (int each = 0; each < STATUSES; each++)
        if (numbers[each] == status)
            return each;
    return -1;
}
#ifdef DRIVER
EXPORT int OP_error_name(int status, const char **text)
{
    static char made[STATUSES][64];
    int place = place_of(status);
    if (place < 0)
        return numbers[INVALID];
    snprintf(made[place], sizeof made[place], "%s_%s", UPPER, names[place][1]);
    *text = made[place];
    return 0;
}
EXPORT int OP_error_text(int status, const char **text)
{
    *text = place_of(status) < 0 ? "no such status" : "told by the stand-in";
    return 0;
}
#else
EXPORT const char *OP_error_name(int status)
{
    static char made[STATUSES][64];
    int place = place_of(status);
    if (place < 0)
        return "unrecognized";
    snprintf(made[place], sizeof made[place], "%s%s", LOWER, names[place][0]);
    return made[place];
}
EXPORT const char *OP_error_text(int status)
{
    return place_of(status) < 0 ? "no such status" : "told by the stand-in";
}
EXPORT int OP_clear_error(void) { return 0; }
#endif

/* ---- memory ---- */
static int take(void **pointer, size_t bytes, int kind)
{
    int status = state_of(current);
    if (status)
        return status;
    if (life_of(current) == NULL)
        return numbers[NO_MEMORY];
    let_go(lives[current]);
    if (kind != CPL_MEMORY_HOST &&
        cpl_memory_used(FIRST + current) + bytes > (size_t)setting("STANDIN_MEMORY", 1 << 30))
        return numbers[NO_MEMORY];
    uint64_t address = 0;
    status = told(cpl_memory_alloc(FIRST + current, kind, bytes, 512, &address), current);
    *pointer = (void *)(uintptr_t)address;
    return status;
}
EXPORT int OP_alloc(void **pointer, size_t bytes) { return take(pointer, bytes, CPL_MEMORY_DEVICE); }
EXPORT int OP_free(uintptr_t pointer) { return told(cpl_memory_free(pointer), current); }
#ifdef HOST_WITHOUT_FLAGS
EXPORT int OP_alloc_host(void **pointer, size_t bytes) { return take(pointer, bytes, CPL_MEMORY_HOST); }
#else
EXPORT int OP_alloc_host(void **pointer, size_t bytes, unsigned flags)
{
    (void)flags;
    return take(pointer, bytes, CPL_MEMORY_HOST);
}
#endif
EXPORT int OP_free_host(uintptr_t pointer) { return told(cpl_memory_free(pointer), current); }
#ifdef OP_alloc_managed
EXPORT int OP_alloc_managed(void **pointer, size_t bytes, unsigned flags)
{
    return flags == 1 || flags == 2 ? take(pointer, bytes, CPL_MEMORY_MANAGED) : numbers[INVALID];
}
#endif
EXPORT int OP_register(uintptr_t pointer, size_t bytes, unsigned flags)
{
    (void)flags;
    return told(cpl_memory_adopt(FIRST + current, CPL_MEMORY_REGISTERED, pointer, bytes), current);
}
EXPORT int OP_unregister(uintptr_t pointer) { return told(cpl_memory_free(pointer), current); }

static int copy(uintptr_t to, uintptr_t from, size_t bytes, void *stream)
{
    struct stream *own = stream;
    int status = state_of(own->device);
    cpl_box box = {to, 0, 0, from, 0, 0, bytes, 1, 1};
    return status ? status : told(cpl_queue_copy(own->queue, &box), own->device);
}
#ifdef DRIVER
EXPORT int OP_copy_async(uintptr_t to, uintptr_t from, size_t bytes, void *stream)
{
    return copy(to, from, bytes, stream);
}
#elif defined STREAM_BEFORE_KIND
EXPORT int OP_copy_async(uintptr_t to, uintptr_t from, size_t bytes, void *stream, int kind)
{
    return kind == 4 ? copy(to, from, bytes, stream) : numbers[INVALID];
}
#else
EXPORT int OP_copy_async(uintptr_t to, uintptr_t from, size_t bytes, int kind, void *stream)
{
    return kind == 4 ? copy(to, from, bytes, stream) : numbers[INVALID];
}
#endif

static int set(uintptr_t to, uint32_t value, uint32_t element, size_t count, void *stream)
{
    struct stream *own = stream;
    int status = state_of(own->device);
    return status ? status : told(cpl_queue_fill(own->queue, to, 0, value, element, count, 1), own->device);
}
#ifdef OP_set8
EXPORT int OP_set8(uintptr_t to, unsigned char value, size_t count, void *stream) { return set(to, value, 1, count, stream); }
EXPORT int OP_set16(uintptr_t to, unsigned short value, size_t count, void *stream) { return set(to, value, 2, count, stream); }
EXPORT int OP_set32(uintptr_t to, unsigned value, size_t count, void *stream) { return set(to, value, 4, count, stream); }
#endif
#ifdef OP_set_bytes
EXPORT int OP_set_bytes(uintptr_t to, int value, size_t count, void *stream) { return set(to, (uint8_t)value, 1, count, stream); }
#endif

/* ---- streams and events ---- */
EXPORT int OP_stream(void **stream, unsigned flags, int priority)
{
    int status = state_of(current);
    if (status || flags != 1)
        return status ? status : numbers[INVALID];
    struct stream *made = calloc(1, sizeof *made);
    struct life *life = life_of(current);
    if (made == NULL || life == NULL || (made->queue = cpl_queue_open(life->domain, priority)) == NULL)
        return numbers[NO_MEMORY];
    made->life = life;
    made->device = current;
    *stream = made;
    return 0;
}
EXPORT int OP_end_stream(void *stream)
{
    struct stream *own = stream;
    cpl_queue_close(own->queue);
    let_go(own->life);
    free(own);
    return 0;
}
EXPORT int OP_query_stream(void *stream)
{
    struct stream *own = stream;
    int idle = cpl_queue_idle(own->queue);
    int status = lost[own->device] ? numbers[LOST] : fault_number(own->life->domain);
    return status ? status : idle ? 0 : numbers[NOT_READY];
}
EXPORT int OP_event(void **event, unsigned flags)
{
    (void)flags;
    *event = calloc(1, sizeof(struct event));
    return *event != NULL ? state_of(current) : numbers[NO_MEMORY];
}
EXPORT int OP_record(void *event, void *stream)
{
    struct stream *own = stream;
    struct event *place = event;
    cpl_fence *fence = cpl_queue_signal(own->queue);
    if (fence == NULL)
        return numbers[NO_MEMORY];
    if (place->fence != NULL)
        cpl_fence_release(place->fence);
    place->fence = fence;
    return state_of(own->device);
}
EXPORT int OP_query_event(void *event)
{
    struct event *place = event;
    if (place->fence != NULL && !cpl_fence_done(place->fence))
        return numbers[NOT_READY];
    return state_of(current);
}
EXPORT int OP_elapsed(float *ms, void *first, void *last)
{
    cpl_fence *from = ((struct event *)first)->fence, *to = ((struct event *)last)->fence;
    if (from == NULL || to == NULL || !cpl_fence_done(from) || !cpl_fence_done(to))
        return numbers[NOT_READY];
    *ms = (float)((double)(int64_t)(cpl_fence_time(to) - cpl_fence_time(from)) * 1e-6);
    return 0;
}
EXPORT int OP_end_event(void *event)
{
    struct event *place = event;
    if (place->fence != NULL)
        cpl_fence_release(place->fence);
    free(place);
    return 0;
}
EXPORT int OP_wait_event(void *stream, void *event, unsigned flags)
{
    struct stream *own = stream;
    struct event *place = event;
    if (flags != 0)
        return numbers[INVALID];
    return place->fence == NULL ? 0 : told(cpl_queue_wait(own->queue, place->fence), own->device);
}
EXPORT int OP_call(void *stream, void (*function)(void *), void *data)
{
    struct stream *own = stream;
    return told(cpl_queue_call(own->queue, function, data), own->device);
}
#ifdef OP_wait32
#ifdef DRIVER
#define MASK(type)
#else
#define MASK(type) , __attribute__((unused)) type mask
#endif
static int watch(struct stream *own, uintptr_t place, uint32_t bytes, unsigned flags, uint64_t value)
{
    return told(cpl_queue_watch(own->queue, place, bytes, (int)flags, value), own->device);
}
static int store(struct stream *own, uintptr_t place, uint32_t bytes, unsigned flags, uint64_t value)
{
    return flags ? numbers[INVALID] : told(cpl_queue_store(own->queue, place, bytes, CPL_STORE_SET, value), own->device);
}
EXPORT int OP_wait32(void *stream, uintptr_t place, uint32_t value, unsigned flags MASK(uint32_t)) { return watch(stream, place, 4, flags, value); }
EXPORT int OP_wait64(void *stream, uintptr_t place, uint64_t value, unsigned flags MASK(uint64_t)) { return watch(stream, place, 8, flags, value); }
EXPORT int OP_write32(void *stream, uintptr_t place, uint32_t value, unsigned flags) { return store(stream, place, 4, flags, value); }
EXPORT int OP_write64(void *stream, uintptr_t place, uint64_t value, unsigned flags) { return store(stream, place, 8, flags, value); }
#endif

/* ---- modules ---- */
#ifdef OP_load
static int compiled(const unsigned char *image, char *list, size_t list_bytes)
{
    uint64_t size, hash = 14695981039346656037ull;
    if (memcmp(image + 1, "CPLIMG", 6) == 0)
        memcpy(&size, image + 16, sizeof size);
    else
        size = strlen((const char *)image);    /* PTX text, as a real driver would get it */
    if (size > 1u << 31)
        return numbers[IMAGE];
    for (uint64_t each = 0; each < size; each++)
        hash = (hash ^ image[each]) * 1099511628211ull;
    const char *folder = getenv("STANDIN_CACHE");
    char file[4096];
    snprintf(list, list_bytes, "%s/%016llx.list", folder, (unsigned long long)hash);
    if (access(list, R_OK) == 0)
        return 0;
    static int serial;    /* two threads may load one image at once */
    snprintf(file, sizeof file, "%s/%016llx.%d.%d.image", folder, (unsigned long long)hash, (int)getpid(),
             __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED));
    FILE *out = fopen(file, "wb");
    if (out == NULL || fwrite(image, 1, size, out) != size || fclose(out) != 0)
        return numbers[IMAGE];
    char *arguments[] = {getenv("STANDIN_PYTHON"), getenv("STANDIN_COMPILE"), file, list, NULL};
    extern char **environ;
    pid_t child;
    int status = 1;
    if (posix_spawn(&child, arguments[0], NULL, NULL, arguments, environ) != 0 || waitpid(child, &status, 0) < 0)
        status = 1;
    unlink(file);
    return status == 0 ? 0 : numbers[IMAGE];
}

static cpl_module *open_library(struct module *module, const char *path)
{
    char error[512];
    cpl_module *made = cpl_module_open(path, error, sizeof error);
    if (made == NULL) {
        fprintf(stderr, "stand-in: %s\n", error);
        return NULL;
    }
    module->libraries = realloc(module->libraries, sizeof(cpl_module *) * (size_t)(module->library_count + 1));
    module->libraries[module->library_count++] = made;
    return made;
}

static int read_variable(struct module *module, cpl_module *shared, const char *line)
{
    char name[4096];
    unsigned long long bytes;
    if (sscanf(line, "V %llu %4095s", &bytes, name) != 2)
        return 0;
    uint64_t address = shared != NULL ? cpl_module_symbol(shared, name) : 0;
    if (address == 0)
        return 1;
    module->variables = realloc(module->variables, sizeof(struct variable) * (size_t)(module->variable_count + 1));
    module->variables[module->variable_count++] = (struct variable){strdup(name), address, bytes};
    if (bytes)
        cpl_memory_adopt(FIRST + current, CPL_MEMORY_MODULE, address, bytes);
    return 1;
}

/* K args shared stack flags variant-stack path entry name: one call per thread, whatever the block. */
static cpl_module *read_kernel(struct module *module, const char *line)
{
    cpl_kernel kernel = {0};
    char path[2048], entry[4096], name[4096];
    unsigned variant_stack;
    if (sscanf(line, "K %u %u %u %u %u %2047s %4095s %4095s", &kernel.args_bytes, &kernel.shared_bytes,
               &kernel.stack_bytes, &kernel.flags, &variant_stack, path, entry, name) != 8)
        return NULL;
    cpl_module *code = open_library(module, path);
    if (code == NULL)
        return NULL;
    cpl_variant *variants = calloc(CPL_SHAPES, sizeof *variants);
    for (int each = 0; each < CPL_SHAPES; each++) {
        variants[each].width = 1;
        variants[each].stack_bytes = variant_stack;
        variants[each].entry = (cpl_entry)(uintptr_t)cpl_module_symbol(code, entry);
    }
    kernel.name = strdup(name);
    kernel.variants = variants;
    module->kernels[module->kernel_count++].kernel = kernel;
    return code;
}

static void read_parameter(struct function *function, const char *line)
{
    function->places = realloc(function->places, sizeof(uint32_t) * 2 * (size_t)(function->count + 1));
    uint32_t *place = function->places + 2 * function->count++;
    sscanf(line, "P %u %u", &place[0], &place[1]);
}

static int read_list(struct module *module, const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    static _Thread_local char line[16384];
    char name[4096], slot[4200];
    cpl_module *shared = NULL, *code = NULL;
    int good = 1, count;
    while (good && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "N %d", &count) == 1)
            module->kernels = calloc((size_t)count + 1, sizeof(struct function));
        else if (sscanf(line, "M %4095s", name) == 1)
            good = (shared = open_library(module, name)) != NULL;
        else if (line[0] == 'V')
            good = read_variable(module, shared, line);
        else if (line[0] == 'K')
            good = (code = read_kernel(module, line)) != NULL;
        else if (line[0] == 'P')
            read_parameter(&module->kernels[module->kernel_count - 1], line);
        else if (sscanf(line, "I %4095s", name) == 1) {
            snprintf(slot, sizeof slot, "cpl.address.%s", name);
            uint64_t place = cpl_module_symbol(code, slot);
            if ((good = place != 0))
                *(uint64_t *)(uintptr_t)place = cpl_module_symbol(shared, name);
        }
    }
    fclose(file);
    return good;
}

EXPORT int OP_unload(void *handle)
{
    struct module *module = handle;
    for (int each = 0; each < module->variable_count; each++) {
        if (module->variables[each].bytes)
            cpl_memory_free(module->variables[each].address);
        free(module->variables[each].name);
    }
    for (int each = 0; each < module->kernel_count; each++) {
        free((void *)module->kernels[each].kernel.name);
        free((void *)module->kernels[each].kernel.variants);
        free(module->kernels[each].places);
    }
    while (module->library_count > 0)
        cpl_module_close(module->libraries[--module->library_count]);
    free(module->libraries);
    free(module->variables);
    free(module->kernels);
    free(module);
    return 0;
}
EXPORT int OP_load(void **handle, const void *image)
{
    char list[4096];
    int status = state_of(current);
    if (status == 0)
        status = compiled(image, list, sizeof list);
    struct module *module = status == 0 ? calloc(1, sizeof *module) : NULL;
    if (module == NULL)
        return status;
    if (!read_list(module, list)) {
        OP_unload(module);
        return numbers[IMAGE];
    }
    *handle = module;
    return 0;
}
EXPORT int OP_function(void **function, void *handle, const char *name)
{
    struct module *module = handle;
    for (int each = 0; each < module->kernel_count; each++)
        if (strcmp(module->kernels[each].kernel.name, name) == 0) {
            *function = &module->kernels[each];
            return 0;
        }
    return numbers[NOT_FOUND];
}
EXPORT int OP_global(void **pointer, size_t *bytes, void *handle, const char *name)
{
    struct module *module = handle;
    for (int each = 0; each < module->variable_count; each++)
        if (strcmp(module->variables[each].name, name) == 0) {
            *pointer = (void *)(uintptr_t)module->variables[each].address;
            *bytes = module->variables[each].bytes;
            return 0;
        }
    return numbers[NOT_FOUND];
}
EXPORT int OP_launch(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                     unsigned shared_bytes, void *stream, void **parameters, void **extra)
{
    struct stream *own = stream;
    const struct function *own_function = function;
    const cpl_kernel *kernel = &own_function->kernel;
    int status = state_of(own->device);
    if (status || extra != NULL)
        return status ? status : numbers[INVALID];
    if (setting("STANDIN_LOSE_AFTER", 0) && __atomic_add_fetch(&launches, 1, __ATOMIC_RELAXED) ==
            setting("STANDIN_LOSE_AFTER", 0)) {
        lost[own->device] = 1;
        return numbers[LOST];
    }
    cpl_shape shape = {{gx, gy, gz}, {bx, by, bz}, shared_bytes, 0};
    char packed[8192];
    if (kernel->args_bytes > sizeof packed)
        return numbers[INVALID];
    for (int each = 0; each < own_function->count; each++)
        memcpy(packed + own_function->places[2 * each], parameters[each], own_function->places[2 * each + 1]);
    return told(cpl_queue_launch(own->queue, kernel, &shape, packed, kernel->args_bytes), own->device);
}
#endif

/* ---- what programs of the driver API call beside the template: for the pass-through ---- */
#ifdef PASSED_THROUGH
static struct stream *usual(void)
{
    static struct stream *made[MOST];
    if (made[current] == NULL && OP_stream((void **)&made[current], 1, 0) != 0)
        return NULL;
    return made[current];
}
static int finish(struct stream *own)
{
    while (cpl_queue_drain(own->queue, 1000000000) != CPL_OK)
        continue;
    return state_of(own->device);
}
EXPORT int cuDriverGetVersion(int *version) { *version = 12040; return 0; }
EXPORT int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return state_of(ordinal); }
EXPORT int cuDevicePrimaryCtxRelease_v2(int device) { return state_of(device); }
EXPORT int cuCtxGetCurrent(void **context) { *context = (void *)(uintptr_t)(current + 1); return 0; }
EXPORT int cuStreamCreate(void **stream, unsigned flags) { (void)flags; return OP_stream(stream, 1, 0); }
EXPORT int cuStreamSynchronize(void *stream) { return finish(stream != NULL ? stream : usual()); }
/* Told apart from the one above, to see which of them a program reaches. */
EXPORT int cuStreamSynchronize_ptsz(void *stream) { (void)stream; return 2999; }
static int wait_for(uintptr_t to, uintptr_t from, size_t bytes)
{
    int status = copy(to, from, bytes, usual());
    return status ? status : finish(usual());
}
EXPORT int cuMemcpyHtoD_v2(uintptr_t to, const void *from, size_t bytes) { return wait_for(to, (uintptr_t)from, bytes); }
EXPORT int cuMemcpyDtoH_v2(void *to, uintptr_t from, size_t bytes) { return wait_for((uintptr_t)to, from, bytes); }
EXPORT int cuMemcpyHtoDAsync_v2(uintptr_t to, const void *from, size_t bytes, void *stream)
{
    int status = copy(to, (uintptr_t)from, bytes, stream);
    return status ? status : finish(stream);
}
EXPORT int cuMemcpyDtoHAsync_v2(void *to, uintptr_t from, size_t bytes, void *stream)
{
    return copy((uintptr_t)to, from, bytes, stream);
}
#endif
