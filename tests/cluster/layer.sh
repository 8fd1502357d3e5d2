# shellcheck shell=bash
# How images are begun without a registry: a layer of Debian packages. Sourced
# after settings.sh by the scripts that build images.

# debian_archive REFERENCE PACKAGES COMMAND... prints the path of an image of
# Debian packages (with commas between them), which COMMAND ROOT has completed:
# packages are only unpacked, so what their install scripts would have made is
# added by hand.
debian_archive() {
    local reference=$1 packages=$2 complete=$3 key archive work root
    key=$({ echo "$packages" && declare -f debian_archive "$complete" && cat "$here/oci_archive.py"; } | sha256sum | cut -c1-16)
    archive=$cache/base-$key.tar
    if [[ ! -e $archive ]]; then
        work=$(mktemp -d) && root=$work/root
        mmdebstrap --quiet --variant=extract --include="$packages" \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/perl*' \
            bookworm "$root" >&2
        rm -rf "${root:?}"/dev/* "$root"/var/cache/* "$root"/var/lib/apt/*
        find "$root/var/lib/dpkg" -mindepth 1 -maxdepth 1 ! -name status -exec rm -rf {} + # status: what is installed
        printf '%s\n' root:x:0:0::/root:/sbin/nologin nobody:x:65534:65534::/:/sbin/nologin >"$root/etc/passwd"
        printf '%s\n' root:x:0: nogroup:x:65534: >"$root/etc/group"
        echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
        "$complete" "$root"
        tar --sort=name --mtime=@0 --numeric-owner -C "$root" -cf "$work/layer.tar" .
        python3 "$here/oci_archive.py" "$archive.part" "$reference" "$work/layer.tar"
        mv "$archive.part" "$archive"
        rm -rf "$work"
    fi
    echo "$archive"
}
