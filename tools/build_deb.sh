#!/bin/sh
# Builds dist/signfleet_VERSION_ARCHITECTURE.deb: the wheel and its locked dependencies below /usr/lib/signfleet, the
# command, the systemd unit, the settings file and the documentation. Installing it needs no network.
#
#     tools/build_deb.sh PYTHON WHEEL
set -eu

python=$1
wheel=$2
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
next=$("$python" -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
package=$(basename "$wheel" | cut -d- -f2)
architecture=$(dpkg --print-architecture)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

install -d "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib/signfleet" "$root/etc/signfleet" \
	"$root/lib/systemd/system" "$root/usr/share/doc/signfleet"
"$python" -m pip --disable-pip-version-check install -qq --no-deps --no-compile --require-hashes \
	--target "$root/usr/lib/signfleet" -r requirements/runtime.txt
"$python" -m pip --disable-pip-version-check install -qq --no-deps --no-compile --upgrade \
	--target "$root/usr/lib/signfleet" "$wheel"
rm -rf "$root/usr/lib/signfleet/bin"
find "$root/usr/lib/signfleet" -name __pycache__ -type d -prune -exec rm -rf {} +

cat > "$root/usr/bin/signfleet" << END
#!/bin/sh
export PYTHONPATH=/usr/lib/signfleet PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python$version -P -m signfleet "\$@"
END
chmod 755 "$root/usr/bin/signfleet"
install -m 644 deploy/signfleet.service "$root/lib/systemd/system/"
install -m 644 deploy/signfleet.toml "$root/etc/signfleet/"
install -m 644 README.md COMPATIBILITY.md docs/*.md deploy/nginx.conf deploy/Caddyfile "$root/usr/share/doc/signfleet/"
install -m 644 LICENSE "$root/usr/share/doc/signfleet/copyright"
install -m 755 deploy/debian/postinst deploy/debian/prerm "$root/DEBIAN/"
echo /etc/signfleet/signfleet.toml > "$root/DEBIAN/conffiles"
cat > "$root/DEBIAN/control" << END
Package: signfleet
Version: $package
Architecture: $architecture
Maintainer: the signfleet maintainers <signfleet@localhost>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: python$version (>= $version), python$version (<< $next), passwd
Suggests: postgresql-client, nginx | caddy
Section: net
Priority: optional
Description: control plane for fleets of digital-signage players
 An open, self-hosted server whose API is wire-compatible with BSN.cloud's Main API 2022/06.
END
mkdir -p dist
dpkg-deb --root-owner-group -Zgzip -z6 --build "$root" "dist/signfleet_${package}_$architecture.deb" > /dev/null
echo "dist/signfleet_${package}_$architecture.deb"
