CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE alert (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	rule_id BIGINT NOT NULL, 
	rule_name TEXT NOT NULL, 
	device_id BIGINT NOT NULL, 
	serial TEXT, 
	serial_key TEXT, 
	state TEXT NOT NULL, 
	reason TEXT, 
	since_date BIGINT NOT NULL, 
	due_date BIGINT, 
	open_date BIGINT, 
	last_date BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	actor TEXT, 
	note TEXT, 
	resolve_date BIGINT, cause TEXT DEFAULT '' NOT NULL, cause_data TEXT DEFAULT '{}' NOT NULL, rules TEXT DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_alert PRIMARY KEY (network_id, id)
);
CREATE TABLE alert_rule (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	is_enabled BOOLEAN NOT NULL, 
	filter TEXT, 
	condition TEXT NOT NULL, 
	delay BIGINT NOT NULL, 
	notifies_users BOOLEAN NOT NULL, 
	mail_to TEXT NOT NULL, 
	webhooks TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_alert_rule PRIMARY KEY (network_id, id), 
	CONSTRAINT uq_alert_rule_network_id_name_key UNIQUE (network_id, name_key)
);
CREATE TABLE alert_window (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	filter TEXT, 
	begin_date BIGINT NOT NULL, 
	end_date BIGINT NOT NULL, 
	repeats TEXT NOT NULL, 
	author TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	CONSTRAINT pk_alert_window PRIMARY KEY (network_id, id)
);
CREATE TABLE application (
	id BIGINT NOT NULL, 
	client_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	description TEXT, 
	person_id BIGINT NOT NULL, 
	secret_hash BLOB NOT NULL, 
	scope TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	secret_expiration_date BIGINT, name_key TEXT DEFAULT '' NOT NULL, name_order TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_application PRIMARY KEY (id), 
	CONSTRAINT fk_application_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE, 
	CONSTRAINT uq_application_client_id UNIQUE (client_id)
);
CREATE TABLE audit (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	date BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	actor_key TEXT NOT NULL, 
	address TEXT, 
	action TEXT NOT NULL, 
	entity TEXT NOT NULL, 
	entity_id BIGINT, 
	name TEXT, 
	name_key TEXT, 
	"before" TEXT, 
	"after" TEXT, device_id BIGINT, 
	CONSTRAINT pk_audit PRIMARY KEY (network_id, id)
);
CREATE TABLE authorization_code (
	hash BLOB NOT NULL, 
	person_id BIGINT NOT NULL, 
	consent_session_id BIGINT NOT NULL, 
	application_id BIGINT, 
	network_id BIGINT, 
	redirect_uri TEXT NOT NULL, 
	challenge TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	valid_to BIGINT NOT NULL, 
	used_date BIGINT, 
	session_id BIGINT, 
	CONSTRAINT pk_authorization_code PRIMARY KEY (hash), 
	CONSTRAINT fk_authorization_code_application_id FOREIGN KEY(application_id) REFERENCES application (id) ON DELETE CASCADE, 
	CONSTRAINT fk_authorization_code_consent_session_id FOREIGN KEY(consent_session_id) REFERENCES session (id) ON DELETE CASCADE, 
	CONSTRAINT fk_authorization_code_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE
);
CREATE TABLE blocked_serial (
	network_id BIGINT NOT NULL, 
	serial_key TEXT NOT NULL, 
	serial TEXT NOT NULL, 
	date BIGINT NOT NULL, device_id BIGINT, 
	CONSTRAINT pk_blocked_serial PRIMARY KEY (network_id, serial_key)
);
CREATE TABLE command (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	serial TEXT NOT NULL, 
	serial_key TEXT NOT NULL, 
	name TEXT NOT NULL, 
	command_group TEXT NOT NULL, 
	arguments TEXT NOT NULL, 
	state TEXT NOT NULL, 
	author TEXT NOT NULL, 
	author_key TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	release_date BIGINT, 
	expiration_date BIGINT NOT NULL, 
	due_date BIGINT, 
	sent_date BIGINT, 
	start_date BIGINT, 
	end_date BIGINT, 
	message TEXT, 
	result TEXT, 
	batch_id BIGINT, 
	CONSTRAINT pk_command PRIMARY KEY (network_id, id)
);
CREATE TABLE command_batch (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	arguments TEXT NOT NULL, 
	filter TEXT NOT NULL, 
	author TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	lifetime BIGINT NOT NULL, 
	at_once INTEGER, 
	stop_after INTEGER, 
	jitter BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	total BIGINT NOT NULL, 
	skipped BIGINT NOT NULL, 
	last_device_id BIGINT NOT NULL, 
	end_date BIGINT, job_id BIGINT, unable BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_command_batch PRIMARY KEY (network_id, id)
);
CREATE TABLE command_file (
	network_id BIGINT NOT NULL, 
	command_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	device_id BIGINT NOT NULL, 
	size BIGINT NOT NULL, 
	media_type TEXT NOT NULL, 
	blob TEXT NOT NULL, 
	arrival_date BIGINT NOT NULL, 
	CONSTRAINT pk_command_file PRIMARY KEY (network_id, command_id, name)
);
CREATE TABLE command_request (
	network_id BIGINT NOT NULL, 
	"key" BLOB NOT NULL, 
	body BLOB NOT NULL, 
	date BIGINT NOT NULL, 
	command_id BIGINT, 
	batch_id BIGINT, 
	CONSTRAINT pk_command_request PRIMARY KEY (network_id, "key")
);
CREATE TABLE command_rule (
	network_id BIGINT NOT NULL, 
	allows_danger BOOLEAN NOT NULL, 
	CONSTRAINT pk_command_rule PRIMARY KEY (network_id)
);
CREATE TABLE device (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	serial TEXT NOT NULL, 
	serial_key TEXT NOT NULL, 
	model TEXT NOT NULL, 
	model_key TEXT NOT NULL, 
	family TEXT NOT NULL, 
	registration_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	version BIGINT NOT NULL, 
	name_key TEXT NOT NULL, 
	group_id BIGINT NOT NULL, 
	health TEXT NOT NULL, 
	changed_date BIGINT NOT NULL, 
	gps_latitude FLOAT, 
	gps_longitude FLOAT, 
	location_key TEXT, name_order TEXT DEFAULT '' NOT NULL, health_since BIGINT DEFAULT '0' NOT NULL, health_reason TEXT, health_reason_date BIGINT, health_reason_subject TEXT, health_reason_subject_key TEXT, health_reason_number FLOAT, has_commands BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_device PRIMARY KEY (network_id, id), 
	CONSTRAINT uq_device_serial_key UNIQUE (serial_key)
);
CREATE TABLE device_agent (
	network_id BIGINT NOT NULL, 
	device_id INTEGER NOT NULL, 
	can TEXT, 
	applied_etag TEXT, 
	applied_date BIGINT, 
	failed TEXT, 
	announced INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_device_agent PRIMARY KEY (device_id)
);
CREATE TABLE device_count (
	network_id BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	health TEXT NOT NULL, 
	total BIGINT NOT NULL, 
	CONSTRAINT pk_device_count PRIMARY KEY (network_id, "by", "key", health)
);
CREATE TABLE device_count_change (
	id INTEGER NOT NULL, 
	network_id BIGINT NOT NULL, 
	group_id BIGINT NOT NULL, 
	model_key TEXT NOT NULL, 
	location_key TEXT, 
	health TEXT NOT NULL, 
	change INTEGER NOT NULL, 
	CONSTRAINT pk_device_count_change PRIMARY KEY (id)
);
CREATE TRIGGER device_counted_delete AFTER DELETE ON device BEGIN INSERT INTO device_count_change (network_id, group_id, model_key, location_key, health, change) VALUES (old.network_id, old.group_id, old.model_key, old.location_key, old.health, -1); END;
CREATE TRIGGER device_counted_insert AFTER INSERT ON device BEGIN INSERT INTO device_count_change (network_id, group_id, model_key, location_key, health, change) VALUES (new.network_id, new.group_id, new.model_key, new.location_key, new.health, 1); END;
CREATE TRIGGER device_counted_update AFTER UPDATE OF group_id, model_key, location_key, health, gps_latitude, gps_longitude ON device WHEN old.group_id IS NOT new.group_id OR old.model_key IS NOT new.model_key OR old.location_key IS NOT new.location_key OR old.health IS NOT new.health OR old.gps_latitude IS NOT new.gps_latitude OR old.gps_longitude IS NOT new.gps_longitude BEGIN INSERT INTO device_count_change (network_id, group_id, model_key, location_key, health, change) VALUES (old.network_id, old.group_id, old.model_key, old.location_key, old.health, -1), (new.network_id, new.group_id, new.model_key, new.location_key, new.health, 1); END;
CREATE TABLE "device_document" (
	network_id BIGINT NOT NULL, 
	device_id INTEGER NOT NULL, 
	identity TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	subscription TEXT, 
	tagged_groups TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	permissions TEXT NOT NULL, 
	head TEXT NOT NULL GENERATED ALWAYS AS ('{' || identity || ',"settings":' || settings || ',"status":') STORED, 
	tail TEXT NOT NULL GENERATED ALWAYS AS (',"subscription":' || coalesce(subscription, 'null') || ',"taggedGroups":' || tagged_groups || ',"tags":' || tags || ',"permissions":' || permissions || '}') STORED, managed TEXT, 
	CONSTRAINT pk_device_document PRIMARY KEY (device_id)
);
CREATE TABLE "device_download" (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	file_name TEXT NOT NULL, 
	file_hash TEXT, 
	progress INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	file_name_key TEXT NOT NULL, 
	file_hash_key TEXT, 
	status_key TEXT NOT NULL, 
	CONSTRAINT pk_device_download PRIMARY KEY (network_id, device_id, id)
);
CREATE TABLE "device_error" (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	event TEXT NOT NULL, 
	reason TEXT, 
	response_code INTEGER NOT NULL, 
	name_key TEXT NOT NULL, 
	event_key TEXT NOT NULL, 
	reason_key TEXT, count INTEGER DEFAULT '1' NOT NULL, 
	CONSTRAINT pk_device_error PRIMARY KEY (network_id, device_id, id)
);
CREATE TABLE device_group (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	description TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, name_order TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_device_group PRIMARY KEY (network_id, id), 
	CONSTRAINT uq_device_group_network_id_name_key UNIQUE (network_id, name_key)
);
CREATE TABLE device_metrics (
	network_id BIGINT NOT NULL, 
	device_id INTEGER NOT NULL, 
	date BIGINT NOT NULL, 
	properties TEXT NOT NULL, 
	latest TEXT NOT NULL, 
	hour BIGINT NOT NULL, 
	slots TEXT NOT NULL, 
	CONSTRAINT pk_device_metrics PRIMARY KEY (device_id)
);
CREATE TABLE device_metrics_hour (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	step INTEGER NOT NULL, 
	hour BIGINT NOT NULL, 
	slots TEXT NOT NULL, 
	CONSTRAINT pk_device_metrics_hour PRIMARY KEY (network_id, device_id, step, hour)
);
CREATE TABLE device_note (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	note TEXT NOT NULL, 
	author TEXT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_device_note PRIMARY KEY (network_id, device_id)
);
CREATE TABLE device_properties (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	properties TEXT NOT NULL, 
	CONSTRAINT pk_device_properties PRIMARY KEY (network_id, device_id)
);
CREATE VIRTUAL TABLE device_search USING fts5 (name_key, serial_key, description_key, tags_key,
    content='device_text', content_rowid='device_id', tokenize='trigram case_sensitive 1');
CREATE TABLE 'device_search_config'(k PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE 'device_search_data'(id INTEGER PRIMARY KEY, block BLOB);
CREATE TRIGGER device_search_delete AFTER DELETE ON device_text BEGIN
    INSERT INTO device_search_waiting (device_id, name_key, serial_key, description_key, tags_key)
    VALUES (old.device_id, old.name_key, old.serial_key, old.description_key, old.tags_key) ON CONFLICT DO NOTHING;
END;
CREATE TABLE 'device_search_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
CREATE TABLE 'device_search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
CREATE TRIGGER device_search_insert AFTER INSERT ON device_text BEGIN
    INSERT INTO device_search_waiting (device_id) VALUES (new.device_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER device_search_update AFTER UPDATE ON device_text
WHEN old.name_key <> new.name_key OR old.serial_key <> new.serial_key
    OR old.description_key IS NOT new.description_key OR old.tags_key IS NOT new.tags_key BEGIN
    INSERT INTO device_search_waiting (device_id, name_key, serial_key, description_key, tags_key)
    VALUES (old.device_id, old.name_key, old.serial_key, old.description_key, old.tags_key) ON CONFLICT DO NOTHING;
END;
CREATE TABLE device_search_waiting (
    device_id INTEGER PRIMARY KEY, name_key TEXT, serial_key TEXT, description_key TEXT, tags_key TEXT
);
CREATE TABLE device_secret (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	hash BLOB, 
	issue_date BIGINT NOT NULL, 
	is_received BOOLEAN NOT NULL, 
	is_presented BOOLEAN NOT NULL, 
	address TEXT, 
	CONSTRAINT pk_device_secret PRIMARY KEY (network_id, device_id)
);
CREATE TABLE device_status (
	network_id BIGINT NOT NULL, 
	device_id INTEGER NOT NULL, 
	report_sequence BIGINT NOT NULL, 
	changed_date BIGINT NOT NULL, 
	status_date BIGINT, 
	health_due_date BIGINT, 
	status TEXT, 
	properties TEXT NOT NULL, 
	CONSTRAINT pk_device_status PRIMARY KEY (device_id)
);
CREATE TABLE device_tag (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	tag_id BIGINT NOT NULL, 
	value TEXT NOT NULL, 
	value_key TEXT, 
	value_number FLOAT, value_order TEXT, 
	CONSTRAINT pk_device_tag PRIMARY KEY (network_id, device_id, tag_id)
);
CREATE TABLE device_tag_element (
	network_id BIGINT NOT NULL, 
	tag_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	value_key TEXT, 
	value_number FLOAT, 
	CONSTRAINT pk_device_tag_element PRIMARY KEY (network_id, tag_id, device_id, position)
);
CREATE TABLE device_text (
	network_id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	name_key TEXT NOT NULL, 
	serial_key TEXT NOT NULL, 
	description_key TEXT, 
	tags_key TEXT, 
	CONSTRAINT pk_device_text PRIMARY KEY (network_id, device_id)
);
CREATE TRIGGER device_text_delete AFTER DELETE ON device BEGIN
    DELETE FROM device_text WHERE network_id = old.network_id AND device_id = old.id;
END;
CREATE TRIGGER device_text_insert AFTER INSERT ON device BEGIN
    INSERT INTO device_text (network_id, device_id, name_key, serial_key)
    VALUES (new.network_id, new.id, new.name_key, new.serial_key);
END;
CREATE TRIGGER device_text_tag_delete AFTER DELETE ON device_tag WHEN old.value_key IS NOT NULL BEGIN
    UPDATE device_text SET tags_key = (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = old.network_id AND device_id = old.device_id)
    WHERE network_id = old.network_id AND device_id = old.device_id;
END;
CREATE TRIGGER device_text_tag_insert AFTER INSERT ON device_tag WHEN new.value_key IS NOT NULL BEGIN
    UPDATE device_text SET tags_key = (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = new.network_id AND device_id = new.device_id)
    WHERE network_id = new.network_id AND device_id = new.device_id;
END;
CREATE TRIGGER device_text_tag_update AFTER UPDATE OF value_key ON device_tag BEGIN
    UPDATE device_text SET tags_key = (SELECT group_concat(value_key, char(10)) FROM device_tag
        WHERE network_id = new.network_id AND device_id = new.device_id)
    WHERE network_id = new.network_id AND device_id = new.device_id;
END;
CREATE TRIGGER device_text_update AFTER UPDATE OF name_key ON device WHEN old.name_key <> new.name_key BEGIN
    UPDATE device_text SET name_key = new.name_key WHERE network_id = new.network_id AND device_id = new.id;
END;
CREATE TABLE event (
	network_id BIGINT NOT NULL, 
	transaction_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	date BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	device_id BIGINT, 
	serial TEXT, 
	serial_key TEXT, 
	name TEXT, 
	name_key TEXT, 
	data TEXT NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (network_id, transaction_id, id)
);
CREATE TABLE event_reader (
	name TEXT NOT NULL, 
	transaction_id BIGINT NOT NULL, 
	event_id BIGINT NOT NULL, 
	owner TEXT, 
	lease_until BIGINT NOT NULL, 
	CONSTRAINT pk_event_reader PRIMARY KEY (name)
);
CREATE TABLE former_permission (
	network_id BIGINT NOT NULL, 
	entity TEXT NOT NULL, 
	entity_id BIGINT NOT NULL, 
	operation_uid TEXT NOT NULL, 
	principal_type TEXT NOT NULL, 
	principal_id BIGINT NOT NULL, 
	is_allowed BOOLEAN NOT NULL, 
	removed_date BIGINT NOT NULL, 
	CONSTRAINT pk_former_permission PRIMARY KEY (network_id, entity, entity_id, operation_uid, principal_type, principal_id)
);
CREATE TABLE grace (
	serial_key TEXT NOT NULL, 
	date BIGINT NOT NULL, 
	CONSTRAINT pk_grace PRIMARY KEY (serial_key)
);
CREATE TABLE health_period (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	since_date BIGINT NOT NULL, 
	until_date BIGINT NOT NULL, 
	health TEXT NOT NULL, 
	reason TEXT, 
	reason_date BIGINT, 
	reason_subject TEXT, 
	reason_subject_key TEXT, 
	reason_number FLOAT, 
	normal BIGINT NOT NULL, 
	warning BIGINT NOT NULL, 
	error BIGINT NOT NULL, 
	CONSTRAINT pk_health_period PRIMARY KEY (network_id, id)
);
CREATE TABLE health_rules (
	network_id BIGINT NOT NULL, 
	limits TEXT NOT NULL, 
	checked_device_id BIGINT, 
	CONSTRAINT pk_health_rules PRIMARY KEY (network_id)
);
CREATE TABLE health_total (
	network_id BIGINT NOT NULL, 
	group_id BIGINT NOT NULL, 
	date BIGINT NOT NULL, 
	normal BIGINT NOT NULL, 
	warning BIGINT NOT NULL, 
	error BIGINT NOT NULL, 
	CONSTRAINT pk_health_total PRIMARY KEY (network_id, group_id, date)
);
CREATE TABLE heartbeat (
	id BIGINT NOT NULL, 
	date BIGINT NOT NULL, 
	counted_date BIGINT NOT NULL, 
	CONSTRAINT pk_heartbeat PRIMARY KEY (id)
);
CREATE TABLE id_sequence (
	name TEXT NOT NULL, 
	last BIGINT NOT NULL, 
	CONSTRAINT pk_id_sequence PRIMARY KEY (name)
);
CREATE TABLE import_chunk (
	network_id BIGINT NOT NULL, 
	upload TEXT NOT NULL, 
	last_line BIGINT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	rows TEXT NOT NULL, 
	CONSTRAINT pk_import_chunk PRIMARY KEY (network_id, upload, last_line)
);
CREATE INDEX ix_alert_age ON alert (resolve_date);
CREATE INDEX ix_alert_device ON alert (network_id, device_id, id);
CREATE INDEX ix_alert_due ON alert (due_date);
CREATE INDEX ix_alert_state ON alert (network_id, state, id);
CREATE INDEX ix_application_person_id ON application (person_id);
CREATE INDEX ix_audit_age ON audit (date);
CREATE INDEX ix_audit_date ON audit (network_id, date, id);
CREATE INDEX ix_audit_device ON audit (network_id, device_id, date, id);
CREATE INDEX ix_authorization_code_application_id ON authorization_code (application_id);
CREATE INDEX ix_authorization_code_consent_session_id ON authorization_code (consent_session_id);
CREATE INDEX ix_authorization_code_person_id ON authorization_code (person_id);
CREATE INDEX ix_authorization_code_valid_to ON authorization_code (valid_to);
CREATE INDEX ix_blocked_serial_device ON blocked_serial (network_id, device_id);
CREATE INDEX ix_command_age ON command (end_date);
CREATE INDEX ix_command_batch ON command (network_id, batch_id, state, release_date, id);
CREATE INDEX ix_command_batch_creation ON command_batch (network_id, creation_date, id);
CREATE INDEX ix_command_batch_job ON command_batch (network_id, job_id);
CREATE INDEX ix_command_batch_open ON command_batch (end_date, network_id, id);
CREATE INDEX ix_command_creation ON command (network_id, creation_date, id);
CREATE INDEX ix_command_device ON command (network_id, device_id, id);
CREATE INDEX ix_command_due ON command (due_date) WHERE due_date IS NOT NULL;
CREATE INDEX ix_command_pending ON command (network_id, device_id, id) WHERE end_date IS NULL;
CREATE INDEX ix_command_queued ON command (release_date) WHERE state = 'queued';
CREATE INDEX ix_command_request_date ON command_request (date);
CREATE INDEX ix_device_cause ON device (network_id, health, health_reason, health_since) WHERE health <> 'Normal';
CREATE INDEX ix_device_download_age ON device_download (timestamp);
CREATE INDEX ix_device_download_timestamp ON device_download (network_id, device_id, timestamp, id);
CREATE INDEX ix_device_error_age ON device_error (timestamp);
CREATE INDEX ix_device_error_timestamp ON device_error (network_id, device_id, timestamp, id);
CREATE INDEX ix_device_group ON device (network_id, group_id, id);
CREATE INDEX ix_device_group_name ON device (network_id, group_id, name_order, id);
CREATE INDEX ix_device_group_name_order ON device_group (network_id, name_order, id);
CREATE INDEX ix_device_health ON device (network_id, health, id);
CREATE INDEX ix_device_health_name ON device (network_id, health, name_order, id);
CREATE INDEX ix_device_health_reason ON device (network_id, health, health_reason, id);
CREATE INDEX ix_device_health_since ON device (network_id, health_since, id);
CREATE INDEX ix_device_last_modified ON device (network_id, last_modified_date, id);
CREATE INDEX ix_device_latitude ON device (network_id, location_key, gps_latitude, id);
CREATE INDEX ix_device_longitude ON device (network_id, location_key, gps_longitude, id);
CREATE INDEX ix_device_metrics_hour_age ON device_metrics_hour (step, hour);
CREATE INDEX ix_device_model ON device (network_id, model_key, id);
CREATE INDEX ix_device_model_name ON device (network_id, model_key, name_order, id);
CREATE INDEX ix_device_name ON device (network_id, name_key, id);
CREATE INDEX ix_device_name_order ON device (network_id, name_order, id);
CREATE INDEX ix_device_registration ON device (network_id, registration_date, id);
CREATE INDEX ix_device_serial ON device (network_id, serial_key);
CREATE INDEX ix_device_sorted ON device (network_id, id, name_order, last_modified_date);
CREATE INDEX ix_device_status_date ON device_status (network_id, status_date, device_id);
CREATE INDEX ix_device_status_due ON device_status (health_due_date);
CREATE INDEX ix_device_tag_element_number ON device_tag_element (network_id, tag_id, value_number);
CREATE INDEX ix_device_tag_element_text ON device_tag_element (network_id, tag_id, value_key);
CREATE INDEX ix_device_tag_number ON device_tag (network_id, tag_id, value_number, device_id);
CREATE INDEX ix_device_tag_text ON device_tag (network_id, tag_id, value_key, device_id);
CREATE INDEX ix_device_text_device_id ON device_text (device_id);
CREATE INDEX ix_event_date ON event (network_id, date, id);
CREATE INDEX ix_event_device ON event (network_id, device_id, date, id);
CREATE INDEX ix_event_position ON event (transaction_id, id);
CREATE INDEX ix_former_permission_age ON former_permission (removed_date);
CREATE INDEX ix_former_permission_principal ON former_permission (network_id, principal_type, principal_id, entity, operation_uid, entity_id, is_allowed);
CREATE INDEX ix_health_period_age ON health_period (until_date);
CREATE INDEX ix_health_total_age ON health_total (date);
CREATE INDEX ix_import_chunk_date ON import_chunk (creation_date);
CREATE INDEX ix_job_creation ON job (network_id, creation_date, id);
CREATE INDEX ix_job_finished ON job (finished_date);
CREATE INDEX ix_job_lease ON job (lease_until);
CREATE UNIQUE INDEX ix_job_request ON job (network_id, user_id, request_key);
CREATE INDEX ix_mail_allowance_since ON mail_allowance (since_date);
CREATE INDEX ix_notice_topic ON notice (network_id, topic, cause, date);
CREATE INDEX ix_one_time_link_person_id ON one_time_link (person_id);
CREATE INDEX ix_outbox_age ON outbox (state, creation_date);
CREATE INDEX ix_outbox_due ON outbox (channel, next_attempt_date);
CREATE INDEX ix_outbox_state ON outbox (network_id, state, id);
CREATE INDEX ix_outbox_webhook_due ON outbox (network_id, webhook_id, next_attempt_date, id);
CREATE INDEX ix_permission_principal ON permission (network_id, principal_type, principal_id, entity, operation_uid, entity_id, is_allowed);
CREATE INDEX ix_person_mailbox_key ON person (mailbox_key);
CREATE INDEX ix_screenshot_age ON screenshot (arrival_date, network_id, id);
CREATE INDEX ix_screenshot_device ON screenshot (network_id, device_id, utc_timestamp, id);
CREATE INDEX ix_screenshot_sent ON screenshot (network_id, device_id, sent_timestamp);
CREATE INDEX ix_screenshot_serial ON screenshot (network_id, serial_key, utc_timestamp, id);
CREATE INDEX ix_screenshot_timestamp ON screenshot (network_id, utc_timestamp, id);
CREATE INDEX ix_serial_claim_date ON serial_claim (date);
CREATE INDEX ix_session_application_id ON session (application_id);
CREATE INDEX ix_session_expiration_date ON session (expiration_date);
CREATE INDEX ix_session_network_id ON session (network_id);
CREATE INDEX ix_session_network_id_device_id ON session (network_id, device_id);
CREATE INDEX ix_session_person_id ON session (person_id);
CREATE INDEX ix_setup_package ON setup (network_id, package_key, id);
CREATE INDEX ix_setup_record_network_serial ON setup_record (network_id, serial_key);
CREATE INDEX ix_subscription_creation ON subscription (network_id, creation_date, id);
CREATE INDEX ix_subscription_device ON subscription (network_id, device_id);
CREATE INDEX ix_subscription_due ON subscription (due_date);
CREATE INDEX ix_token_session_id ON token (session_id);
CREATE INDEX ix_token_setup ON token (network_id, valid_to, hash) WHERE kind = 'setup';
CREATE INDEX ix_token_valid_to ON token (valid_to);
CREATE INDEX ix_unneeded_file_due ON unneeded_file (due_date);
CREATE UNIQUE INDEX ix_user_id ON user (id);
CREATE INDEX ix_user_person_id ON user (person_id);
CREATE TABLE job (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	subject_key TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	finished_date BIGINT, 
	created_by TEXT NOT NULL, 
	created_by_key TEXT NOT NULL, 
	address TEXT, 
	user_id BIGINT, 
	request_key TEXT, 
	total BIGINT, 
	done BIGINT NOT NULL, 
	failed BIGINT NOT NULL, 
	position TEXT NOT NULL, 
	result TEXT, 
	error TEXT, 
	error_type TEXT, 
	is_cancelled BOOLEAN DEFAULT 0 NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	lease_owner TEXT, 
	lease_until BIGINT, 
	CONSTRAINT pk_job PRIMARY KEY (network_id, id)
);
CREATE TABLE job_change (
	network_id BIGINT NOT NULL, 
	job_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, device_id BIGINT, name TEXT, 
	CONSTRAINT pk_job_change PRIMARY KEY (network_id, job_id, id)
);
CREATE TABLE job_failure (
	network_id BIGINT NOT NULL, 
	job_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	device_id BIGINT, 
	name TEXT, 
	line INTEGER, 
	column_name TEXT, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_job_failure PRIMARY KEY (network_id, job_id, id)
);
CREATE TABLE job_input (
	network_id BIGINT NOT NULL, 
	job_id BIGINT NOT NULL, 
	input TEXT NOT NULL, 
	CONSTRAINT pk_job_input PRIMARY KEY (network_id, job_id)
);
CREATE TABLE location (
	network_id BIGINT NOT NULL, 
	location_key TEXT NOT NULL, 
	path TEXT NOT NULL, 
	document TEXT NOT NULL, 
	CONSTRAINT pk_location PRIMARY KEY (network_id, location_key)
);
CREATE TABLE mail_allowance (
	network_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	since_date BIGINT NOT NULL, 
	sent INTEGER NOT NULL, 
	omitted INTEGER NOT NULL, 
	CONSTRAINT pk_mail_allowance PRIMARY KEY (network_id, user_id)
);
CREATE TABLE network (
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	is_locked_out BOOLEAN NOT NULL, 
	lockout_date BIGINT, 
	last_lockout_date BIGINT, 
	user_access_token_lifetime BIGINT NOT NULL, 
	user_refresh_token_lifetime BIGINT NOT NULL, 
	device_access_token_lifetime BIGINT NOT NULL, 
	device_refresh_token_lifetime BIGINT NOT NULL, 
	device_registration_token_lifetime BIGINT NOT NULL, 
	automatic_tagged_playlist_approval_enabled BOOLEAN NOT NULL, 
	settings_last_modified_date BIGINT NOT NULL, protocol_1_until BIGINT, join_key TEXT, 
	CONSTRAINT pk_network PRIMARY KEY (id), 
	CONSTRAINT uq_network_name_key UNIQUE (name_key)
);
CREATE TABLE network_subscription (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	level TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	expire_date BIGINT, notice_date BIGINT, 
	CONSTRAINT pk_network_subscription PRIMARY KEY (network_id, id)
);
CREATE TABLE network_total (
	network_id BIGINT NOT NULL, 
	entity TEXT NOT NULL, 
	total BIGINT NOT NULL, 
	CONSTRAINT pk_network_total PRIMARY KEY (network_id, entity)
);
CREATE TABLE notice (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	topic TEXT NOT NULL, 
	device_id BIGINT NOT NULL, 
	serial TEXT, 
	reason TEXT, 
	date BIGINT NOT NULL, cause TEXT DEFAULT '' NOT NULL, rules TEXT DEFAULT '[]' NOT NULL, earlier TEXT DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_notice PRIMARY KEY (network_id, id)
);
CREATE TABLE one_time_link (
	hash BLOB NOT NULL, 
	purpose TEXT NOT NULL, 
	person_id BIGINT NOT NULL, 
	valid_to BIGINT NOT NULL, 
	return_url TEXT, 
	CONSTRAINT pk_one_time_link PRIMARY KEY (hash), 
	CONSTRAINT fk_one_time_link_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE
);
CREATE TABLE outage (
	began BIGINT NOT NULL, 
	ended BIGINT NOT NULL, 
	CONSTRAINT pk_outage PRIMARY KEY (began)
);
CREATE TABLE outbox (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	channel TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	webhook_id BIGINT, 
	subject TEXT NOT NULL, 
	content TEXT NOT NULL, 
	state TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	next_attempt_date BIGINT, 
	give_up_date BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	last_attempt_date BIGINT, 
	duration INTEGER, 
	status INTEGER, 
	answer TEXT, 
	last_error TEXT, 
	CONSTRAINT pk_outbox PRIMARY KEY (network_id, id)
);
CREATE TABLE permission (
	network_id BIGINT NOT NULL, 
	entity TEXT NOT NULL, 
	entity_id BIGINT NOT NULL, 
	operation_uid TEXT NOT NULL, 
	principal_type TEXT NOT NULL, 
	principal_id BIGINT NOT NULL, 
	is_allowed BOOLEAN NOT NULL, 
	creation_date BIGINT NOT NULL, is_own BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_permission PRIMARY KEY (network_id, entity, entity_id, operation_uid, principal_type, principal_id)
);
CREATE TABLE "person" (
	id BIGINT NOT NULL, 
	login TEXT NOT NULL, 
	login_key TEXT NOT NULL, 
	password_hash TEXT, 
	first_name TEXT, 
	last_name TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	activation_date BIGINT, 
	is_locked_out BOOLEAN NOT NULL, 
	mailbox_key TEXT NOT NULL, 
	proof_date BIGINT, 
	CONSTRAINT pk_person PRIMARY KEY (id)
);
CREATE TABLE person_profile (
	person_id BIGINT NOT NULL, 
	name_key TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_person_profile PRIMARY KEY (person_id, name_key), 
	CONSTRAINT fk_person_profile_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE
);
CREATE TABLE role (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	is_custom BOOLEAN NOT NULL, 
	description TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, name_order TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_role PRIMARY KEY (network_id, id), 
	CONSTRAINT uq_role_network_id_name_key UNIQUE (network_id, name_key)
);
CREATE TABLE saved_view (
	network_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	section TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	name TEXT NOT NULL, 
	address TEXT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_saved_view PRIMARY KEY (network_id, user_id, section, name_key)
);
CREATE TABLE screenshot (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	device_id BIGINT NOT NULL, 
	serial TEXT NOT NULL, 
	serial_key TEXT NOT NULL, 
	group_name TEXT, 
	group_name_key TEXT, 
	presentation_name TEXT, 
	presentation_name_key TEXT, 
	utc_timestamp BIGINT NOT NULL, 
	local_timestamp BIGINT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	file_size BIGINT NOT NULL, 
	blob TEXT NOT NULL, 
	thumbnail TEXT NOT NULL, sent_timestamp BIGINT DEFAULT '0' NOT NULL, arrival_date BIGINT DEFAULT '0' NOT NULL, group_name_order TEXT, presentation_name_order TEXT, grid TEXT, look TEXT, 
	CONSTRAINT pk_screenshot PRIMARY KEY (network_id, id)
);
CREATE TABLE serial_claim (
	network_id BIGINT NOT NULL, 
	serial_key TEXT NOT NULL, 
	serial TEXT NOT NULL, 
	author TEXT NOT NULL, 
	date BIGINT NOT NULL, 
	CONSTRAINT pk_serial_claim PRIMARY KEY (network_id, serial_key)
);
CREATE TABLE session (
	id BIGINT NOT NULL, 
	person_id BIGINT, 
	application_id BIGINT, 
	network_id BIGINT, 
	user_id BIGINT, 
	device_id BIGINT, 
	scope TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	expiration_date BIGINT NOT NULL, grant_type TEXT, address TEXT, last_used_date BIGINT, 
	CONSTRAINT pk_session PRIMARY KEY (id), 
	CONSTRAINT fk_session_application_id FOREIGN KEY(application_id) REFERENCES application (id) ON DELETE CASCADE, 
	CONSTRAINT fk_session_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE
);
CREATE TABLE session_change (id INTEGER PRIMARY KEY, session_id BIGINT);
CREATE TRIGGER session_change_inserted AFTER INSERT ON session_change BEGIN
    DELETE FROM session_change WHERE id <= new.id - 1000;
END;
CREATE TRIGGER session_deleted AFTER DELETE ON session BEGIN
    INSERT INTO session_change (session_id) VALUES (old.id);
END;
CREATE TRIGGER session_network_delete AFTER DELETE ON network BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_network_total_insert AFTER INSERT ON network_total WHEN new.entity = 'permission changes' BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_network_total_update AFTER UPDATE ON network_total WHEN new.entity = 'permission changes' BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_network_update AFTER UPDATE OF is_locked_out ON network BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_permission_delete AFTER DELETE ON permission BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_permission_insert AFTER INSERT ON permission BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_person_delete AFTER DELETE ON person BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_person_update AFTER UPDATE OF login, is_locked_out ON person BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_token_deleted AFTER DELETE ON token WHEN old.kind = 'access' BEGIN
    INSERT INTO session_change (session_id) VALUES (old.session_id);
END;
CREATE TRIGGER session_token_updated AFTER UPDATE OF scope, valid_to ON token WHEN old.kind = 'access' BEGIN
    INSERT INTO session_change (session_id) VALUES (old.session_id);
END;
CREATE TRIGGER session_updated AFTER UPDATE ON session BEGIN
    INSERT INTO session_change (session_id) VALUES (new.id);
END;
CREATE TRIGGER session_user_delete AFTER DELETE ON "user" BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TRIGGER session_user_update AFTER UPDATE OF role_id, is_locked_out ON "user" BEGIN INSERT INTO session_change (session_id) VALUES (NULL); END;
CREATE TABLE setting (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_setting PRIMARY KEY (name)
);
CREATE TABLE setup (
	network_id BIGINT NOT NULL, 
	id TEXT NOT NULL, 
	package_key TEXT NOT NULL, 
	username_key TEXT NOT NULL, 
	document TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_setup PRIMARY KEY (network_id, id)
);
CREATE TABLE setup_record (
	network_id BIGINT NOT NULL, 
	id TEXT NOT NULL, 
	serial TEXT NOT NULL, 
	serial_key TEXT NOT NULL, 
	username TEXT NOT NULL, 
	username_key TEXT NOT NULL, 
	name TEXT, 
	model TEXT, 
	description TEXT, 
	setup_id TEXT, 
	setup_name TEXT, 
	setup_name_key TEXT, 
	url TEXT, 
	user_data TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	CONSTRAINT pk_setup_record PRIMARY KEY (network_id, id)
);
CREATE TABLE subscription (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	device_id BIGINT, 
	serial TEXT, 
	serial_key TEXT, 
	type TEXT NOT NULL, 
	activity_period BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	activation_date BIGINT, 
	suspension_date BIGINT, 
	expiration_date BIGINT, 
	due_date BIGINT, 
	CONSTRAINT pk_subscription PRIMARY KEY (network_id, id)
);
CREATE TABLE tag_key (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	entity TEXT NOT NULL, 
	is_system BOOLEAN NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	type TEXT NOT NULL, name_order TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_tag_key PRIMARY KEY (network_id, id), 
	CONSTRAINT uq_tag_key_network_id_entity_is_system_name_key UNIQUE (network_id, entity, is_system, name_key)
);
CREATE TABLE token (
	hash BLOB NOT NULL, 
	kind TEXT NOT NULL, 
	session_id BIGINT, 
	network_id BIGINT, 
	scope TEXT NOT NULL, 
	valid_from BIGINT NOT NULL, 
	valid_to BIGINT NOT NULL, 
	used_date BIGINT, granted_by BLOB, max_uses INTEGER, uses INTEGER, author TEXT, 
	CONSTRAINT pk_token PRIMARY KEY (hash), 
	CONSTRAINT fk_token_session_id FOREIGN KEY(session_id) REFERENCES session (id) ON DELETE CASCADE
);
CREATE TABLE unneeded_file (
	name TEXT NOT NULL, due_date BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_unneeded_file PRIMARY KEY (name)
);
CREATE UNIQUE INDEX uq_alert_cause ON alert (network_id, device_id, cause) WHERE resolve_date IS NULL;
CREATE UNIQUE INDEX uq_health_period_device ON health_period (network_id, device_id, until_date);
CREATE UNIQUE INDEX uq_person_account ON person (mailbox_key) WHERE activation_date IS NOT NULL;
CREATE UNIQUE INDEX uq_wall_link_hash ON wall_link (hash);
CREATE TABLE user (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	person_id BIGINT NOT NULL, 
	role_id BIGINT, 
	description TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	last_login_date BIGINT, 
	is_locked_out BOOLEAN NOT NULL, 
	last_lockout_date BIGINT, 
	CONSTRAINT pk_user PRIMARY KEY (network_id, id), 
	CONSTRAINT fk_user_person_id FOREIGN KEY(person_id) REFERENCES person (id) ON DELETE CASCADE, 
	CONSTRAINT uq_user_network_id_person_id UNIQUE (network_id, person_id)
);
CREATE TABLE user_notification (
	network_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	document TEXT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_user_notification PRIMARY KEY (network_id, user_id)
);
CREATE TABLE user_profile (
	network_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	name_key TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	CONSTRAINT pk_user_profile PRIMARY KEY (network_id, user_id, name_key)
);
CREATE UNIQUE INDEX ux_network_join_key ON network (join_key);
CREATE UNIQUE INDEX ux_setup_record_serial ON setup_record (serial_key);
CREATE TABLE wall_link (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	hash BLOB NOT NULL, 
	name TEXT NOT NULL, 
	filter TEXT, 
	side TEXT NOT NULL, 
	user_id BIGINT NOT NULL, 
	author TEXT NOT NULL, 
	creation_date BIGINT NOT NULL, 
	expiration_date BIGINT NOT NULL, 
	CONSTRAINT pk_wall_link PRIMARY KEY (network_id, id)
);
CREATE TABLE webhook (
	network_id BIGINT NOT NULL, 
	id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	url TEXT NOT NULL, 
	is_enabled BOOLEAN NOT NULL, 
	kinds TEXT NOT NULL, 
	filter TEXT, 
	creation_date BIGINT NOT NULL, 
	last_modified_date BIGINT NOT NULL, 
	salt BLOB NOT NULL, 
	key_date BIGINT NOT NULL, 
	previous_salt BLOB, 
	previous_until BIGINT, 
	failures INTEGER NOT NULL, 
	paused_until BIGINT, event_filter TEXT, 
	CONSTRAINT pk_webhook PRIMARY KEY (network_id, id), 
	CONSTRAINT uq_webhook_network_id_name_key UNIQUE (network_id, name_key)
);
