# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A configuration with every driver that is compared with the others: those of this build, and the example.

: "${EXD_TEST_DRIVERS:?is set by make check}"
test_config=${EXD_CONFIG%/*}

# drivers_config DIR ROOTFS: writes DIR/execdriver.conf. ROOTFS is the root for drivers that take no other by default.
drivers_config() {
	(
		umask 022
		mkdir -p "$1/plugins.d" "$1/drivers" || return
		cp "$test_config"/plugins.d/*.conf "$1/plugins.d/"
		cp "$EXD_TEST_BUILDDIR/examples/chroot-driver/chroot.so" "$1/drivers/"
		sed "s|\"chroot.so\"|\"$1/drivers/chroot.so\"|; s|# rootfs = .*|rootfs = \"$2\";|" \
			"$EXD_TEST_SRCDIR/examples/chroot-driver/chroot.conf" >"$1/plugins.d/chroot.conf"
		cp "$test_config/execdriver.conf" "$1/execdriver.conf"
	)
}
