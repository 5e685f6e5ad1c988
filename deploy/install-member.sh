#!/bin/sh
# Installs one member of the workspace with what it needs, and nothing else, into ./.venv of the folder it is called in:
# versions and hashes by requirements.lock, members by their folders, so that a service finds its migrations beside it.
# Then it removes what nobody runs. The image's build calls it, and so does the rehearsal without Docker.
set -eu
member=$1
grep -v '^-e ' requirements.lock >constraints.txt
uv venv --quiet --python "$(command -v python3)" .venv
uv pip install --quiet --python .venv --constraint constraints.txt --editable "./$member"
rm constraints.txt

# Members that were not asked for, and everybody's tests.
for folder in libs/*; do
    grep -qs "/$folder/src" .venv/lib/python3*/site-packages/_editable_impl_*.pth || rm -rf "$folder"
done
rm -rf contracts/tests contracts/examples libs/*/tests services/*/tests deploy

package=$(basename "$member" | tr - _)
{
    echo '#!/bin/sh'
    echo "exec python -m $package \"\$@\""
} >entrypoint
chmod 755 entrypoint
.venv/bin/python -m compileall -q contracts/src libs/*/src "$member"
