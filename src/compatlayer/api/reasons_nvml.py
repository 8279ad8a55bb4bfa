"""Why functions of NVML are not supported; api/reasons.py has those of the driver."""

from __future__ import annotations

GROUPS = {
    "the machine's memory has no error correction that a program may ask for or change": """
        nvmlDeviceGetEccMode nvmlDeviceGetDefaultEccMode nvmlDeviceSetEccMode nvmlDeviceClearEccErrorCounts
        nvmlDeviceGetTotalEccErrors nvmlDeviceGetDetailedEccErrors nvmlDeviceGetMemoryErrorCounter
        nvmlDeviceGetRetiredPages nvmlDeviceGetRetiredPages_v2 nvmlDeviceGetRetiredPagesPendingStatus
        nvmlDeviceGetRemappedRows nvmlDeviceGetRowRemapperHistogram""",
    "there is no engine that encodes, decodes or captures pictures": """
        nvmlDeviceGetEncoderUtilization nvmlDeviceGetDecoderUtilization nvmlDeviceGetJpgUtilization
        nvmlDeviceGetOfaUtilization nvmlDeviceGetEncoderCapacity nvmlDeviceGetEncoderStats nvmlDeviceGetEncoderSessions
        nvmlDeviceGetFBCStats nvmlDeviceGetFBCSessions""",
    "the device is on no PCI Express or NVLink: its PCI address is a name": """
        nvmlDeviceGetCurrPcieLinkGeneration nvmlDeviceGetMaxPcieLinkGeneration nvmlDeviceGetGpuMaxPcieLinkGeneration
        nvmlDeviceGetCurrPcieLinkWidth nvmlDeviceGetMaxPcieLinkWidth nvmlDeviceGetPcieLinkMaxSpeed
        nvmlDeviceGetPcieSpeed nvmlDeviceGetPcieThroughput nvmlDeviceGetPcieReplayCounter nvmlDeviceGetNvLinkState
        nvmlDeviceGetNvLinkVersion nvmlDeviceGetNvLinkRemotePciInfo_v2 nvmlDeviceModifyDrainState
        nvmlDeviceQueryDrainState nvmlDeviceDiscoverGpus nvmlDeviceGetIrqNum nvmlDeviceGetBAR1MemoryInfo
        nvmlDeviceGetBridgeChipInfo""",
    "the device is no board: it has no serial number, firmware or information of a maker's": """
        nvmlDeviceGetSerial nvmlDeviceGetBoardId nvmlDeviceGetBoardPartNumber nvmlDeviceGetMultiGpuBoard
        nvmlDeviceGetModuleId nvmlDeviceGetPdi nvmlDeviceGetInforomVersion nvmlDeviceGetInforomImageVersion
        nvmlDeviceGetInforomConfigurationChecksum nvmlDeviceValidateInforom nvmlDeviceGetVbiosVersion
        nvmlDeviceGetGspFirmwareVersion nvmlDeviceGetGspFirmwareMode""",
    "there is no device file of a driver (/dev/nvidia0)": "nvmlDeviceGetMinorNumber",
    "the width of the way to the machine's memory is not shown by it": "nvmlDeviceGetMemoryBusWidth",
    "where the machine's memory lies is not told for a device that is all of its processors": """
        nvmlDeviceGetNumaNodeId nvmlDeviceGetMemoryAffinity""",
    "which processors a program runs on is chosen with the system's own tools (taskset, COMPATLAYER_WORKERS)": """
        nvmlDeviceSetCpuAffinity nvmlDeviceClearCpuAffinity""",
    "a CPU device has no instances (MIG)": """
        nvmlDeviceGetMigMode nvmlDeviceSetMigMode nvmlDeviceGetMigDeviceHandleByIndex
        nvmlDeviceGetDeviceHandleFromMigDeviceHandle nvmlDeviceGetGpuInstanceId nvmlDeviceGetComputeInstanceId
        nvmlDeviceGetAttributes_v2""",
    "the processor's clock is the system's to choose": """
        nvmlDeviceGetApplicationsClock nvmlDeviceGetDefaultApplicationsClock nvmlDeviceSetApplicationsClocks
        nvmlDeviceResetApplicationsClocks nvmlDeviceGetSupportedMemoryClocks nvmlDeviceGetSupportedGraphicsClocks
        nvmlDeviceGetAutoBoostedClocksEnabled nvmlDeviceSetAutoBoostedClocksEnabled
        nvmlDeviceSetDefaultAutoBoostedClocksEnabled nvmlDeviceSetGpuLockedClocks nvmlDeviceResetGpuLockedClocks
        nvmlDeviceSetMemoryLockedClocks nvmlDeviceResetMemoryLockedClocks nvmlDeviceGetAdaptiveClockInfoStatus
        nvmlDeviceGetCurrentClockFreqs""",
    "a processor does not tell why its clock is what it is": """
        nvmlDeviceGetCurrentClocksEventReasons nvmlDeviceGetCurrentClocksThrottleReasons
        nvmlDeviceGetSupportedClocksEventReasons nvmlDeviceGetSupportedClocksThrottleReasons
        nvmlDeviceGetViolationStatus""",
    "a processor has no performance states of NVML's kind": """
        nvmlDeviceGetPerformanceState nvmlDeviceGetPowerState nvmlDeviceGetSupportedPerformanceStates
        nvmlDeviceGetMinMaxClockOfPState nvmlDeviceGetPerformanceModes""",
    "the processor's power is the system's to limit": """
        nvmlDeviceSetPowerManagementLimit nvmlDeviceGetPowerManagementLimitConstraints
        nvmlDeviceGetPowerManagementDefaultLimit nvmlDeviceGetPowerSource nvmlDeviceSetTemperatureThreshold""",
    "the machine's fans are not this device's": """
        nvmlDeviceGetFanSpeed nvmlDeviceGetFanSpeed_v2 nvmlDeviceGetFanSpeedRPM nvmlDeviceGetTargetFanSpeed
        nvmlDeviceGetMinMaxFanSpeed nvmlDeviceGetFanControlPolicy_v2 nvmlDeviceSetFanControlPolicy
        nvmlDeviceSetFanSpeed_v2 nvmlDeviceSetDefaultFanSpeed_v2 nvmlDeviceGetCoolerInfo""",
    "no field is a counter that could be cleared": "nvmlDeviceClearFieldValues",
    "this mode cannot be changed": """
        nvmlDeviceSetComputeMode nvmlDeviceSetPersistenceMode nvmlDeviceGetGpuOperationMode
        nvmlDeviceSetGpuOperationMode nvmlDeviceGetAPIRestriction nvmlDeviceSetAPIRestriction""",
    "driver models are Windows'": """
        nvmlDeviceGetDriverModel nvmlDeviceGetDriverModel_v2 nvmlDeviceSetDriverModel""",
    "the device is the processor that the program runs on, whoever else shares it": """
        nvmlDeviceGetVirtualizationMode nvmlDeviceSetVirtualizationMode nvmlDeviceGetConfComputeMemSizeInfo""",
    "no record is kept of processes that have ended": """
        nvmlDeviceGetAccountingMode nvmlDeviceSetAccountingMode nvmlDeviceGetAccountingStats
        nvmlDeviceGetAccountingPids nvmlDeviceGetAccountingBufferSize nvmlDeviceClearAccountingPids""",
    "no kind of event happens to a CPU device (nvmlDeviceGetSupportedEventTypes answers none)": """
        nvmlEventSetCreate nvmlEventSetFree nvmlEventSetWait nvmlEventSetWait_v2 nvmlDeviceRegisterEvents""",
}
