/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The GUIDs that the service derives from names. hcs_name_to_guid() is in hcs.h. */
#ifndef EXECDRIVER_HCS_GUID_H
#define EXECDRIVER_HCS_GUID_H

#include "drivers/hcs-stub/hcs.h"

/* Of a layer, as the 1.8 driver made it by itself: the head of the full path's SHA-1. */
void guid_of_path(const char *path, char guid[HCS_GUID_SIZE]);
/* Of a compute system's runtime, from its id, which is ASCII. */
void guid_of_system(const char *id, char guid[HCS_GUID_SIZE]);
/* Of the SCSI controller of this number. */
void guid_of_scsi_controller(unsigned int index, char guid[HCS_GUID_SIZE]);

#endif
