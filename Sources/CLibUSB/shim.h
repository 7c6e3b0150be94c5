#ifndef CLIBUSB_SHIM_H
#define CLIBUSB_SHIM_H

#include <libusb.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

#endif
