#!/bin/sh
# Makes the secrets of the Compose fleet, once: files in .local/compose that only you can open, mounted into the containers.
set -eu
cd "$(dirname "$0")/../.."
folder=.local/compose
mkdir -p "$folder"
chmod 700 .local "$folder"
random() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
word() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
keep() { [ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1"; }
keep postgres_password "$(word)"
keep rabbitmq_password "$(word)"
keep frontdesk_master_key "$(random)"
keep frontdesk_service_token "$(word)"
keep frontdesk_admin_token "$(word)"
keep amqp_url "amqp://frontdesk:$(cat $folder/rabbitmq_password)@rabbitmq:5672/frontdesk"
# The Observer reads the queues' lengths from the management.
keep observer_rabbitmq_url "http://frontdesk:$(cat $folder/rabbitmq_password)@rabbitmq:15672"
# Services log in with roles of their own: their address has no name and no password.
keep database_url "postgresql://postgres:5432/frontdesk"
keep database_owner_url "postgresql://frontdesk:$(cat $folder/postgres_password)@postgres:5432/frontdesk"
# The folder is closed; the containers' user, another than you, reads the files.
chmod 444 "$folder"/*
