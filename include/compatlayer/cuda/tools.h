/* Core dumps, logs and checkpoints. */
#ifndef COMPATLAYER_CUDA_TOOLS_H
#define COMPATLAYER_CUDA_TOOLS_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API(12010) CUresult cuCoredumpGetAttribute(CUcoredumpSettings attrib, void *value, size_t *size);
CPL_API(12010) CUresult cuCoredumpGetAttributeGlobal(CUcoredumpSettings attrib, void *value, size_t *size);
CPL_API(12010) CUresult cuCoredumpSetAttribute(CUcoredumpSettings attrib, void *value, size_t *size);
CPL_API(12010) CUresult cuCoredumpSetAttributeGlobal(CUcoredumpSettings attrib, void *value, size_t *size);
CPL_API(12080) CUresult cuLogsRegisterCallback(CUlogsCallback callbackFunc, void *userData,
    CUlogsCallbackHandle *callback_out);
CPL_API(12080) CUresult cuLogsUnregisterCallback(CUlogsCallbackHandle callback);
CPL_API(12080) CUresult cuLogsCurrent(CUlogIterator *iterator_out, unsigned int flags);
CPL_API(12080) CUresult cuLogsDumpToFile(CUlogIterator *iterator, const char *pathToFile, unsigned int flags);
CPL_API(12080) CUresult cuLogsDumpToMemory(CUlogIterator *iterator, char *buffer, size_t *size, unsigned int flags);
CPL_API(12080) CUresult cuCheckpointProcessGetRestoreThreadId(int pid, int *tid);
CPL_API(12080) CUresult cuCheckpointProcessGetState(int pid, CUprocessState *state);
CPL_API(12080) CUresult cuCheckpointProcessLock(int pid, CUcheckpointLockArgs *args);
CPL_API(12080) CUresult cuCheckpointProcessCheckpoint(int pid, CUcheckpointCheckpointArgs *args);
CPL_API(12080) CUresult cuCheckpointProcessRestore(int pid, CUcheckpointRestoreArgs *args);
CPL_API(12080) CUresult cuCheckpointProcessUnlock(int pid, CUcheckpointUnlockArgs *args);
CPL_API(13020) CUresult cuCoredumpRegisterStartCallback(CUcoredumpStatusCallback callback, void *userData,
    CUcoredumpCallbackHandle *callbackOut);
CPL_API(13020) CUresult cuCoredumpRegisterCompleteCallback(CUcoredumpStatusCallback callback, void *userData,
    CUcoredumpCallbackHandle *callbackOut);
CPL_API(13020) CUresult cuCoredumpDeregisterStartCallback(CUcoredumpCallbackHandle callback);
CPL_API(13020) CUresult cuCoredumpDeregisterCompleteCallback(CUcoredumpCallbackHandle callback);
CPL_API(13041) CUresult cuCheckpointOperationComplete(CUcheckpointOperationHandle handle);

CPL_C_END

#endif
