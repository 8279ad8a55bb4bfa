/* Which address space a generic address is in, as far as only the runtime knows it. */
#include "native.h"

uint32_t cpl_is_local(cpl_thread *self, const void *address)
{
    const struct fiber *fiber = ((const struct thread *)self)->fiber;
    const uint8_t *at = address;
    return fiber && at >= fiber->low && at < fiber->top;
}
