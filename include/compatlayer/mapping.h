/* Memory that lies in files of the kernel's (memfd): addresses that are reserved first and mapped later, and memory that
 * processes share. Part of runtime.h; its rules hold. A `file` is a file descriptor, which the caller owns: it may be closed
 * as soon as the call is over. */
#ifndef COMPATLAYER_MAPPING_H
#define COMPATLAYER_MAPPING_H

/* A file of zeros without a name in any folder, which nobody can shorten; -1 and errno when there is none. */
CPL_EXPORT int cpl_file_open(const char *name, uint64_t size_bytes);
/* Gives its memory back: these bytes are zero again. */
CPL_EXPORT int cpl_file_discard(int file, uint64_t offset, uint64_t size_bytes);

/* As cpl_memory_alloc; the memory is what the file has at `offset` (a multiple of a page) plus `inner` (less than one). */
CPL_EXPORT int cpl_memory_map(int device, int kind, uint64_t size_bytes, int file, uint64_t offset, uint64_t inner,
                              uint64_t *pointer);
/* The pages of the arena that an allocation of ours has to itself. */
CPL_EXPORT int cpl_memory_pages(uint64_t base, uint64_t *low, uint64_t *high);
/* Moves all pages of an allocation into the file, for good; the addresses stay. Whoever uses it meanwhile may go on:
 * writes wait for the end of the move. CPL_INVALID when it lies in a file already or is not ours. */
CPL_EXPORT int cpl_memory_share(uint64_t base, int file, uint64_t offset);
/* Counts bytes that belong to no address as used on a device; negative: no longer. */
CPL_EXPORT void cpl_memory_charge(int device, int64_t bytes);

/* Addresses that no allocation gets, aligned to 2 MiB or more, at `wanted` where that is free (0: anywhere). */
CPL_EXPORT int cpl_range_reserve(uint64_t size_bytes, uint64_t alignment_bytes, uint64_t wanted, uint64_t *base);
CPL_EXPORT int cpl_range_release(uint64_t base);   /* CPL_INVALID while something is mapped there */
/* Puts pages of the file into a reserved range, without access to them; the mapping is found like an allocation, of kind
 * CPL_MEMORY_MAPPED. CPL_INVALID when part of it is not reserved, or mapped already. */
CPL_EXPORT int cpl_range_map(int device, uint64_t address, uint64_t size_bytes, int file, uint64_t offset);
CPL_EXPORT int cpl_range_unmap(uint64_t address);  /* of a whole mapping, by its first address */
CPL_EXPORT int cpl_range_protect(uint64_t address, int access);   /* of a whole mapping: 0 none, 1 read, 3 read and write */

/* A 64-bit word that other processes see too: one more, answering the new value; its value. */
CPL_EXPORT uint64_t cpl_word_next(uint64_t address);
CPL_EXPORT uint64_t cpl_word_read(uint64_t address);

#endif
