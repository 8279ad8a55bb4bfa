/* Fault domains: the first fault of a domain stays; a context of the program has one domain. */
#include "native.h"
#include <stdlib.h>
#include <string.h>

cpl_domain *cpl_domain_open(int device)
{
    if (atomic_load(&cpl_child))
        return NULL;
    cpl_domain *domain = calloc(1, sizeof *domain);
    if (!domain)
        return NULL;
    domain->device = device;
    atomic_init(&domain->references, 1);
    pthread_mutex_init(&domain->lock, NULL);
    atomic_init(&domain->limits[CPL_LIMIT_STACK], 1024);
    atomic_init(&domain->limits[CPL_LIMIT_PRINTF], 1 << 20);
    atomic_init(&domain->limits[CPL_LIMIT_HEAP], 8 << 20);
    atomic_init(&domain->limits[CPL_LIMIT_LAUNCHES], 2048);
    cpl_ledger_contexts(device, 1);
    return domain;
}

void cpl_domain_keep(cpl_domain *domain) { atomic_fetch_add(&domain->references, 1); }

void cpl_domain_drop(cpl_domain *domain)
{
    if (atomic_fetch_sub(&domain->references, 1) != 1)
        return;
    if (domain->heap)
        cpl_heap_close(domain->heap);
    cpl_ledger_contexts(domain->device, -1);
    pthread_mutex_destroy(&domain->lock);
    free(domain);
}

void cpl_domain_close(cpl_domain *domain)
{
    if (domain && !atomic_load(&cpl_child))
        cpl_domain_drop(domain);
}

int cpl_domain_fault(cpl_domain *domain, cpl_fault *out)
{
    int code = atomic_load_explicit(&domain->faulted, memory_order_acquire);
    if (out) {
        if (code != CPL_FAULT_NONE)
            *out = domain->fault;     /* never changes once `faulted` is set */
        else
            memset(out, 0, sizeof *out);
    }
    return code;
}

void cpl_domain_record(cpl_domain *domain, const cpl_fault *fault)
{
    pthread_mutex_lock(&domain->lock);
    if (atomic_load(&domain->faulted) == CPL_FAULT_NONE) {
        domain->fault = *fault;
        atomic_store_explicit(&domain->faulted, fault->code, memory_order_release);
    }
    pthread_mutex_unlock(&domain->lock);
}

int cpl_domain_set_limit(cpl_domain *domain, int limit, uint64_t bytes)
{
    if (atomic_load(&cpl_child))
        return CPL_FORKED;
    if (limit < CPL_LIMIT_STACK || limit > CPL_LIMIT_LAUNCHES)
        return CPL_INVALID;
    if (limit == CPL_LIMIT_STACK && cpl_stack_class(bytes) < 0)
        return CPL_INVALID;
    pthread_mutex_lock(&domain->lock);
    /* The heap's memory is laid out at its first use; as CUDA has it, the limit is fixed from then on. */
    int status = limit == CPL_LIMIT_HEAP && domain->heap ? CPL_INVALID : CPL_OK;
    if (status == CPL_OK)
        atomic_store(&domain->limits[limit], bytes);
    pthread_mutex_unlock(&domain->lock);
    return status;
}

uint64_t cpl_domain_limit(cpl_domain *domain, int limit)
{
    if (limit < CPL_LIMIT_STACK || limit > CPL_LIMIT_LAUNCHES)
        return 0;
    return atomic_load(&domain->limits[limit]);
}
