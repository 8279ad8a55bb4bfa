/* Compiled kernel libraries: every open gives a fresh instance with globals of its own. */
#include "native.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct cpl_module {
    void *handle;
    int file;                         /* memory file of a private copy, -1 otherwise */
    void *base;                       /* its first mapped byte */
    struct cpl_module *next;
    char path[];                      /* of the original */
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* of opening and closing, which may take long */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static cpl_module *modules;           /* those that are open */

static bool copy_file(int from, int to)
{
    struct stat info;
    if (fstat(from, &info))
        return false;
    off_t at = 0;
    while (at < info.st_size) {
        ssize_t sent = sendfile(to, from, &at, (size_t)(info.st_size - at));
        if (sent <= 0)
            return false;
    }
    return true;
}

/* The loader knows libraries by path and by inode: a copy must differ in both. */
static void *load_copy(const char *path, int *file)
{
    char name[64] = "";
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return NULL;
    void *handle = NULL;
    int copy = memfd_create("compatlayer-kernel", MFD_CLOEXEC);
    if (copy >= 0 && copy_file(from, copy)) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", copy);
        handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    }
    if (handle) {
        *file = copy;                 /* open as long as the module: the number is part of its name */
        close(from);
        return handle;
    }
    if (copy >= 0)
        close(copy);
    /* No /proc or no memory files: a file that lives just long enough. */
    const char *folder = getenv("TMPDIR");
    char temporary[4096];
    snprintf(temporary, sizeof temporary, "%s/compatlayer-XXXXXX", folder && *folder ? folder : "/tmp");
    copy = mkostemp(temporary, O_CLOEXEC);
    if (copy >= 0) {
        lseek(from, 0, SEEK_SET);
        if (copy_file(from, copy))
            handle = dlopen(temporary, RTLD_NOW | RTLD_LOCAL);
        unlink(temporary);
        close(copy);
    }
    close(from);
    return handle;
}

static void enlist(cpl_module *module)
{
    struct link_map *map;
    if (dlinfo(module->handle, RTLD_DI_LINKMAP, &map) == 0)
        module->base = (void *)map->l_addr;
    pthread_mutex_lock(&list_lock);
    module->next = modules;
    modules = module;
    pthread_mutex_unlock(&list_lock);
}

static void delist(const cpl_module *module)
{
    pthread_mutex_lock(&list_lock);
    for (cpl_module **each = &modules; *each; each = &(*each)->next)
        if (*each == module) {
            *each = module->next;
            break;
        }
    pthread_mutex_unlock(&list_lock);
}

bool cpl_module_locate(uintptr_t address, cpl_fault *fault)
{
    Dl_info info;
    if (!dladdr((void *)address, &info))
        return false;
    pthread_mutex_lock(&list_lock);
    const cpl_module *found = modules;
    while (found && found->base != info.dli_fbase)
        found = found->next;
    bool fits = found && strlen(found->path) < sizeof fault->library;
    if (fits) {
        fault->offset = address - (uintptr_t)found->base;
        strcpy(fault->library, found->path);
    }
    pthread_mutex_unlock(&list_lock);
    return fits;
}

bool cpl_module_is(uintptr_t base)
{
    pthread_mutex_lock(&list_lock);
    const cpl_module *found = modules;
    while (found && found->base != (void *)base)
        found = found->next;
    pthread_mutex_unlock(&list_lock);
    return found != NULL;
}

cpl_module *cpl_module_open(const char *path, char *error, size_t error_bytes)
{
    if (error_bytes)
        error[0] = 0;
    if (atomic_load(&cpl_child)) {
        snprintf(error, error_bytes, "the runtime was started before fork(); start it in the child instead");
        return NULL;
    }
    size_t path_bytes = strlen(path) + 1;
    cpl_module *module = calloc(1, sizeof *module + path_bytes);
    if (!module) {
        snprintf(error, error_bytes, "out of memory");
        return NULL;
    }
    module->file = -1;
    memcpy(module->path, path, path_bytes);
    char why[512] = "";
    pthread_mutex_lock(&lock);
    void *loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (loaded) {
        dlclose(loaded);
        module->handle = load_copy(path, &module->file);
    } else {
        module->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!module->handle) {
            /* A file system mounted noexec maps no code; a copy in memory loads. Its own failure would name the copy. */
            snprintf(why, sizeof why, "%s", dlerror());
            module->handle = load_copy(path, &module->file);
        }
    }
    if (!module->handle) {
        const char *reason = why[0] ? why : dlerror();
        snprintf(error, error_bytes, "cannot load %s: %s", path, reason ? reason : strerror(errno));
        free(module);
        module = NULL;
    }
    pthread_mutex_unlock(&lock);
    if (module)
        enlist(module);
    return module;
}

uint64_t cpl_module_symbol(cpl_module *module, const char *name)
{
    return atomic_load(&cpl_child) ? 0 : (uint64_t)(uintptr_t)dlsym(module->handle, name);
}

void cpl_module_close(cpl_module *module)
{
    if (!module || atomic_load(&cpl_child))
        return;
    delist(module);
    pthread_mutex_lock(&lock);
    dlclose(module->handle);
    if (module->file >= 0) {
        char name[64];
        snprintf(name, sizeof name, "/proc/self/fd/%d", module->file);
        void *stays = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
        if (stays)
            dlclose(stays);           /* the loader keeps it: its name must not be given to another file */
        else
            close(module->file);
    }
    pthread_mutex_unlock(&lock);
    free(module);
}
