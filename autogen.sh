#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Generates configure and Makefile.in from a checkout.
set -eu
cd "$(dirname "$0")"
mkdir -p build-aux/m4
autoreconf --install --force --warnings=all,no-portability

# configure removes crash dumps by the name "core", which is a folder of ours: it would print an
# error for each check, and its exit trap would stop before it has removed its own leftovers.
sed -i -e 's/rm -f core \*\.core core\.conftest\.\*/rm -f *.core/' \
	-e 's/rm -f core conftest/rm -f conftest/' configure
