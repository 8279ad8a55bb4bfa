/* The first call of a library: finds Python in this process, or starts one, and lets compatlayer.boot put the
 * handlers in place. This library links no Python symbol; all are looked up by name.
 *
 * No lock of ours is held while waiting for the interpreter's lock (GIL): a caller may hold the GIL or not, so any
 * other order can deadlock. compatlayer.boot serialises with a lock of Python's, which lets go of the GIL to wait. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "compatlayer/slots.h"
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct object object;    /* PyObject */

static struct python {
    int (*is_initialized)(void);
    int (*is_finalizing)(void);
    void (*initialize)(int);
    object *(*save_thread)(void);
    int (*ensure)(void);
    void (*release)(int);
    object *(*import)(const char *);
    object *(*call_method)(object *, const char *, const char *, ...);
    long (*as_long)(object *);
    object *(*error)(void);
    void (*error_print)(int);
    void (*error_clear)(void);
    void (*error_fetch)(object **, object **, object **);
    void (*error_restore)(object *, object *, object *);
    object *(*sys_get)(const char *);
    int (*list_append)(object *, object *);
    object *(*string)(const char *);
    void (*drop)(object *);
    void (*set_interrupt)(void);
} python;

/* What compatlayer.boot.load answers. */
enum { LOADED = 0, BROKEN = 1, BUSY = 2, INTERRUPTED = 3 };

static int look_up(void *scope)
{
    const struct {
        void *where;
        const char *name;
    } symbols[] = {
        {&python.is_initialized, "Py_IsInitialized"},   {&python.initialize, "Py_InitializeEx"},
        {&python.save_thread, "PyEval_SaveThread"},     {&python.ensure, "PyGILState_Ensure"},
        {&python.release, "PyGILState_Release"},        {&python.import, "PyImport_ImportModule"},
        {&python.call_method, "PyObject_CallMethod"},   {&python.as_long, "PyLong_AsLong"},
        {&python.error, "PyErr_Occurred"},              {&python.error_print, "PyErr_PrintEx"},
        {&python.error_clear, "PyErr_Clear"},           {&python.error_fetch, "PyErr_Fetch"},
        {&python.error_restore, "PyErr_Restore"},       {&python.sys_get, "PySys_GetObject"},
        {&python.list_append, "PyList_Append"},         {&python.string, "PyUnicode_DecodeFSDefault"},
        {&python.drop, "Py_DecRef"},                    {&python.set_interrupt, "PyErr_SetInterrupt"},
    };
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *found = dlsym(scope, symbols[i].name);
        if (found == NULL)
            return 0;
        memcpy(symbols[i].where, &found, sizeof found);
    }
    void *finalizing = dlsym(scope, "Py_IsFinalizing");    /* since 3.13 */
    if (finalizing == NULL)
        finalizing = dlsym(scope, "_Py_IsFinalizing");
    memcpy(&python.is_finalizing, &finalizing, sizeof finalizing);
    return 1;
}

/* Set once, by the thread that found or started Python. */
static atomic_int found;
static pthread_mutex_t finding = PTHREAD_MUTEX_INITIALIZER;

/* The folder that holds the package: two above the one of this library. */
static int package_parent(char *out, size_t out_bytes)
{
    Dl_info info;
    if (dladdr((void *)&cpl_boot, &info) == 0 || info.dli_fname == NULL)
        return 0;
    char *absolute = realpath(info.dli_fname, NULL);
    if (absolute == NULL)
        return 0;
    int fits = strlen(absolute) < out_bytes;
    if (fits)
        strcpy(out, absolute);
    free(absolute);
    for (int level = 0; fits && level < 3; level++) {
        char *slash = strrchr(out, '/');
        if (slash == NULL)
            return 0;
        *slash = '\0';
    }
    return fits;
}

/* Needs the GIL. */
static void append_path(const char *folder)
{
    object *path = python.sys_get("path");
    object *text = path != NULL ? python.string(folder) : NULL;
    if (text != NULL) {
        python.list_append(path, text);
        python.drop(text);
    }
    python.error_clear();
}

/* Needs the GIL. COMPATLAYER_PYTHONPATH, then the package's own place, so that its neighbours are found too. */
static void extend_path(void)
{
    const char *listed = getenv("COMPATLAYER_PYTHONPATH");
    char *copy = listed != NULL ? strdup(listed) : NULL;
    char *rest = copy;
    for (char *folder = copy != NULL ? strtok_r(copy, ":", &rest) : NULL; folder != NULL;
         folder = strtok_r(NULL, ":", &rest))
        append_path(folder);
    free(copy);
    char parent[4096];
    if (package_parent(parent, sizeof parent))
        append_path(parent);
}

#ifdef CPL_PYTHON_LIBRARY
/* The very build that this package was made with, if it is still there: its neighbours fit for sure. */
static void *open_python(char *name, size_t name_bytes)
{
    void *library = NULL;
    snprintf(name, name_bytes, "%s", CPL_PYTHON_LIBRARY);
#ifdef CPL_PYTHON_PATH
    library = dlopen(CPL_PYTHON_PATH, RTLD_NOW | RTLD_GLOBAL);
#endif
    return library != NULL ? library : dlopen(name, RTLD_NOW | RTLD_GLOBAL);
}
#else
/* The folder of the interpreter that made the virtual environment `environment`; "" where it is none. */
static void read_home(const char *environment, char *out, size_t out_bytes)
{
    char line[PATH_MAX + 16];
    out[0] = '\0';
    snprintf(line, sizeof line, "%s/pyvenv.cfg", environment);
    FILE *file = fopen(line, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "home = ", 7) == 0) {
            line[strcspn(line, "\r\n")] = '\0';
            snprintf(out, out_bytes, "%.*s", (int)out_bytes - 1, line + 7);
        }
    fclose(file);
}

static void *open_below(const char *folder, const char *rest, const char *name)
{
    char path[2 * PATH_MAX + 64];
    snprintf(path, sizeof path, "%s%s/%s", folder, rest, name);
    return dlopen(path, RTLD_NOW | RTLD_GLOBAL);
}

/* A wheel serves many versions of Python: .../lib/python3.N/site-packages says for which one it was installed. */
static void *open_python(char *name, size_t name_bytes)
{
    char folder[PATH_MAX], home[PATH_MAX];
    char *version = package_parent(folder, sizeof folder) ? strstr(folder, "/lib/python3.") : NULL;
    int minor = version != NULL ? atoi(version + strlen("/lib/python3.")) : 0;
    snprintf(name, name_bytes, "libpython3.so");
    if (minor == 0)
        return dlopen(name, RTLD_NOW | RTLD_GLOBAL);
    snprintf(name, name_bytes, "libpython3.%d.so.1.0", minor);
    *version = '\0';
    void *library = open_below(folder, "/lib", name);
    if (library == NULL) {
        read_home(folder, home, sizeof home);
        library = home[0] != '\0' ? open_below(home, "/../lib", name) : NULL;
    }
    return library != NULL ? library : dlopen(name, RTLD_NOW | RTLD_GLOBAL);
}
#endif

/* A C program: Python is started in it, without signal handlers, and left running. */
static int start_python(void)
{
    char name[64];
    void *library = open_python(name, sizeof name);
    if (library == NULL || !look_up(library)) {
        fprintf(stderr, "compatlayer: this program has no Python and %s was not found; install it or put its folder "
                        "on LD_LIBRARY_PATH\n", name);
        return 0;
    }
    if (!python.is_initialized()) {
        python.initialize(0);
        extend_path();
        python.save_thread();
    }
    return 1;
}

/* 1 if there is a Python to use. The lock is not held while the GIL is waited for: Py_InitializeEx makes a new one. */
static int find_python(void)
{
    int state = atomic_load(&found);
    if (state != 0)
        return state > 0;
    pthread_mutex_lock(&finding);
    state = atomic_load(&found);
    if (state == 0) {
        int present = look_up(RTLD_DEFAULT) && python.is_initialized();
        state = present || start_python() ? 1 : -1;
        atomic_store(&found, state);
    }
    pthread_mutex_unlock(&finding);
    return state > 0;
}

/* Needs the GIL. */
static object *import_boot(void)
{
    object *module = python.import("compatlayer.boot");
    if (module != NULL)
        return module;
    python.error_clear();
    extend_path();
    return python.import("compatlayer.boot");
}

/* Needs the GIL. One of LOADED, BROKEN, BUSY, INTERRUPTED; no Python error is left behind. */
static int load(int library, int index)
{
    object *module = import_boot();
    object *result = module != NULL ? python.call_method(module, "load", "ii", library, index) : NULL;
    int answer = result != NULL ? (int)python.as_long(result) : BROKEN;
    if (python.error() != NULL) {
        python.error_print(0);
        answer = BROKEN;
    }
    if (result != NULL)
        python.drop(result);
    if (module != NULL)
        python.drop(module);
    return answer;
}

static int boot_with_python(int library, int index)
{
    const struct cpl_slot_table *table = cpl_slot_tables[library];
    object *kind, *value, *trace;
    int answer = LOADED;
    int gil = python.ensure();
    python.error_fetch(&kind, &value, &trace);
    if (cpl_slot_asleep(library, index))
        answer = load(library, index);
    python.error_restore(kind, value, trace);
    python.release(gil);
    if (answer == BROKEN)
        cpl_slots_failed(library);
    return answer == BUSY ? table->not_initialized : answer == LOADED ? 0 : table->unknown;
}

int cpl_boot(int library, int index)
{
    const struct cpl_slot_table *table = cpl_slot_tables[library];
    if (!cpl_slot_asleep(library, index))
        return 0;
    if (!find_python())
        return table->not_supported;
    if (!python.is_initialized() || (python.is_finalizing != NULL && python.is_finalizing()))
        return table->deinitialized;
    int status = boot_with_python(library, index);
    if (status == 0 && cpl_slot_asleep(library, index))
        return table->unknown;    /* or the caller would come back here for ever */
    return status;
}

__attribute__((weak)) void cpl_stop(uint64_t timeout_ns);

void cpl_python_gone(void *data)
{
    (void)data;
    cpl_slots_shut();
    if (cpl_stop != NULL)
        cpl_stop(0);
}

void cpl_python_interrupt(void *data)
{
    (void)data;
    if (find_python())
        python.set_interrupt();
}
