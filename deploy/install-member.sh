#!/bin/sh
# Installs one member of the workspace with what it needs, and nothing else, into ./.venv of the folder it is called in:
# its part of requirements.lock with versions and hashes, members by their folders, so that it finds its migrations beside it.
# Then it removes what nobody runs. The image's build calls it, and so does the rehearsal without Docker.
set -eu
member=$1
uv venv --quiet --python "$(command -v python3)" .venv
.venv/bin/python deploy/lock_of_member.py "$member" >member.lock
uv pip sync --quiet --python .venv member.lock
rm member.lock

# Members that were not asked for, and everybody's tests.
for folder in libs/*; do
    grep -qs "/$folder/src" .venv/lib/python3*/site-packages/_editable_impl_*.pth || rm -rf "$folder"
done
rm -rf contracts/tests contracts/examples libs/*/tests services/*/tests deploy

# Wheels carry their libraries' debug symbols, a third of all. In a copy only: a linked file is the store's too.
if [ "${UV_LINK_MODE:-}" = copy ] && command -v strip >/dev/null; then
    find .venv/lib -name '*.so*' -type f -exec strip --strip-debug {} +
fi

package=$(basename "$member" | tr - _)
{
    echo '#!/bin/sh'
    echo "exec python -m $package \"\$@\""
} >entrypoint
chmod 755 entrypoint
if [ "${UV_COMPILE_BYTECODE:-1}" = 1 ]; then
    .venv/bin/python -m compileall -q contracts/src libs/*/src "$member"
fi
