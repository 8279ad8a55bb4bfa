/* Streams and events without flags. */
#include "call.h"

cudaError_t cpl_answer_cudaStreamCreate(cudaStream_t *pStream)
{
    CPL_ANSWER(drv_cuStreamCreate(pStream, CU_STREAM_DEFAULT));
}

cudaError_t cpl_answer_cudaEventCreate(cudaEvent_t *event)
{
    CPL_ANSWER(drv_cuEventCreate(event, CU_EVENT_DEFAULT));
}
