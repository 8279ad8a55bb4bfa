/* Which functions were called, and whether they answered success or an error: for the page that says what tests call.
 * COMPATLAYER_RECORD_CALLS names a folder; each process leaves a file there when it ends. Costs a look at one variable
 * when it is not set. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "compatlayer/slots.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 2048, NOT_READY = 600 };

int cpl_recording;
static _Atomic uint64_t calls[CPL_LIBRARIES][ROWS][2];    /* well, badly */
static pid_t owner;

int cpl_record(int library, int index, int status)
{
    if (library >= 0 && library < CPL_LIBRARIES && index >= 0 && index < ROWS)
        atomic_fetch_add(&calls[library][index][status != 0 && status != NOT_READY], 1);
    return status;
}

uint64_t cpl_record_take(int library, int index, int badly)
{
    if (library < 0 || library >= CPL_LIBRARIES || index < 0 || index >= ROWS)
        return 0;
    return atomic_exchange(&calls[library][index][badly != 0], 0);
}

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("COMPATLAYER_RECORD_CALLS");
    cpl_recording = folder != NULL && *folder != '\0';
    owner = getpid();
}

/* Lines of a function's name, calls that went well, calls that did not; first the test that started the process. */
__attribute__((destructor)) static void end(void)
{
    const char *folder = getenv("COMPATLAYER_RECORD_CALLS"), *test = getenv("PYTEST_CURRENT_TEST");
    if (!cpl_recording || folder == NULL || getpid() != owner)
        return;
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.calls", folder, (int)owner);
    FILE *file = fopen(path, "a");
    if (file == NULL)
        return;
    fprintf(file, "test %s\n", test != NULL ? test : "");
    for (int library = 0; library < CPL_LIBRARIES; library++)
        for (int index = 0; index < cpl_slot_tables[library]->count && index < ROWS; index++) {
            uint64_t well = cpl_record_take(library, index, 0), badly = cpl_record_take(library, index, 1);
            if (well || badly)
                fprintf(file, "%s %" PRIu64 " %" PRIu64 "\n", cpl_slot_tables[library]->facts[index].name, well, badly);
        }
    fclose(file);
}
