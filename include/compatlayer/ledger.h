/* What a process tells others of its use of the devices: counters that it keeps in a file it maps, which they read.
 * Included by runtime.h alone. Times are of CLOCK_MONOTONIC, which all processes of a machine share. */
#ifndef COMPATLAYER_LEDGER_H
#define COMPATLAYER_LEDGER_H

enum { CPL_LEDGER_VERSION = 1, CPL_LEDGER_DEVICES = 64, CPL_LEDGER_PERIODS = 64, CPL_LEDGER_PERIOD_NS = 166666667 };
/* Kinds of work. */
enum { CPL_LEDGER_KERNELS = 0, CPL_LEDGER_COPIES = 1, CPL_LEDGER_KINDS = 2 };

typedef struct cpl_ledger_period {
    uint64_t number;                   /* time / CPL_LEDGER_PERIOD_NS: what is here is of no other period */
    uint64_t busy_ns[2];               /* in which work of a kind ran; by kind */
} cpl_ledger_period;
typedef struct cpl_ledger_device {
    uint64_t changes;                  /* odd while the times are being changed */
    uint64_t used_bytes;               /* of kinds DEVICE and MANAGED */
    uint64_t contexts;
    uint64_t since_ns[2];              /* when the work that runs now began; 0: none runs. It is in no period yet */
    uint64_t busy_ns[2];               /* since the process began, without the work that runs now */
    cpl_ledger_period periods[64];     /* of period n at n % CPL_LEDGER_PERIODS */
    uint8_t uuid[16];
} cpl_ledger_device;
typedef struct cpl_ledger {
    uint32_t version;
    uint32_t count;                    /* of devices that the process has opened, or numbers below theirs */
    cpl_ledger_device devices[64];
} cpl_ledger;

/* Has the file of `path` hold the counters from now on; called once, before there is work. The file has room for
 * cpl_ledger and is removed when the process ends. CPL_OK, CPL_INVALID (there is one already) or CPL_SYSTEM. */
CPL_EXPORT int cpl_ledger_share(const char *path);
CPL_EXPORT int cpl_ledger_name(int device, const uint8_t uuid[16]);
CPL_EXPORT const cpl_ledger *cpl_ledger_own(void);

#endif
