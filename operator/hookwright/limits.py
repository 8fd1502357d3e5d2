"""Every limit of size, count and time, with its unit and reason. Imports nothing.

Names end in their unit. A limit that a user can set stands in the settings instead; its default is here.
"""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

# --- ingest (SPEC 3) ---------------------------------------------------------------------------
EVENT_BYTES = 1 * MIB
BATCH_BYTES = 4 * MIB
BATCH_EVENTS = 1_000
BATCH_DELIVERIES = 10_000
EVENT_DEPTH = 64  # nesting; deeper JSON would cost a stack in templates and JSONPath
INGEST_HEADER_BYTES = 64 * KIB
INGEST_HEADERS = 100
INGEST_READ_BYTES = 16 * KIB  # read at once of a connection whose token is not known yet: all that is kept behind a request
INGEST_BODY_READ_BYTES = 64 * KIB  # read at once of a body
INGEST_SKIP_BYTES = 64 * KIB  # of a body after its answer, read over to keep the connection
INGEST_DRAIN_BYTES = 64 * MIB  # of a body after its answer, read over so that the sender comes to read the answer
ANSWER_BUFFER_BYTES = 128 * KIB  # of answers that the kernel keeps for a client that does not read (it takes it twice)
INGEST_REQUEST_SECONDS = 30.0  # one deadline for a whole request, body included, and one for an answer to be read
INGEST_CONNECTIONS = 4_096
ADMIN_CONNECTIONS = 512  # probes, scrapers, the controller and people
RESERVED_FILES = 160  # open beside connections: store, logs, folders that are followed, modules being loaded
LEAST_FILES = 512  # with fewer allowed there is no start
LISTEN_BACKLOG = 2_048  # connections that the kernel holds until they are taken: fewer have to try again after a second
LISTEN_BACKLOG_LEAST = 128  # where few files may be open
INGEST_KEEP_ALIVE_SECONDS = 75  # longer than the 60 s after which common clients and proxies let go
INGEST_MEMORY_BYTES = 160 * MIB  # of requests and events until their commit, as they weigh, all connections together
INGEST_LARGE_BYTES = 64 * KIB  # a larger body is decoded in its turn, one at a time, and in steps
DECODE_STEP_BYTES = 64 * KIB  # of JSON between two steps: about a millisecond, some more if it is all brackets
INGEST_LARGE_SHARE = 0.6  # of that memory is open to larger bodies: the rest is for ordinary events
INGEST_PARSED_BYTES = 64 * MIB  # that one request may weigh when it is parsed: any event does, a batch of 4 MiB may not
MAPPED_BYTES = 256 * KIB  # a block of so many is given back to the system as soon as it is free
ADMIN_MEMORY_BYTES = 64 * MIB  # of requests, and of answers that are not read, all connections together
IDENTITY_WINDOW_SECONDS = 24 * 3600
IDENTITY_WINDOW_COUNT = 5_000_000
IDENTITY_WINDOW_BYTES = 1 * GIB  # a tenth of the volume: 5 million of one delivery each fit
IDENTITY_ROW_BYTES = 190  # what an identity costs in the database (row and index) beside the numbers of its webhooks
IDENTITY_ROUTE_BYTES = 6  # one such number, at most
IDENTITY_BYTES = 1_024  # source+id or Idempotency-Key
REPEATED_KEY_BYTES = 256 * KIB  # a key that stands twice is looked for in no larger text: a quarter of a second for 4 MiB
HOPS = 5  # dispatchers an event may come through: more are a loop
EVENT_TYPE_CHARACTERS = 256  # the longest trigger a webhook can name

# --- templates (SPEC 4) ------------------------------------------------------------------------
TEMPLATE_CHARACTERS = 65_536
TEMPLATE_TOKENS = 2_000  # words and signs in all {{ }} and {% %}: Jinja takes about 20 µs to compile each
TEMPLATE_TAG_CHARACTERS = 16 * KIB  # in all {{ }} and {% %}
TEMPLATE_DEPTH = 60  # nesting of its syntax tree; Python's compiler recurses over it
TEMPLATE_LOOPS = 16  # inside each other; Python compiles no more than 20 blocks
TEMPLATE_PATHS = 32  # different places in JSON that paths through a template may lead to
TEMPLATE_SCAN_STEPS = 10_000  # of reading its text as JSON on all paths, 1–2 µs each
TEMPLATE_CACHE = 256  # compiled templates kept
RENDERED_BYTES = 256 * KIB  # of URL, headers and body of one delivery, as far as templates make them
RENDERED_URL_CHARACTERS = 8_192
RENDERED_HEADER_CHARACTERS = 8_192
RENDER_STEPS = 100_000  # of one delivery: a node of the syntax tree run, an item or 32 characters read or made; ≤ 0.3 µs
CHECK_STEPS = 400_000  # of trying one webhook's templates with the sample events, compiling them included
RENDER_SECONDS = 0.05  # what the steps are calibrated for; `make bench` measures it

# --- filters and validators (SPEC 2; core.budget explains the steps) ------------------------------
MATCH_STEPS = 16_000  # for all filters of a webhook and one event, or all validators of one answer: 0.25 µs each
MATCH_LAST_STEPS = 1_000  # of a webhook over its budget, for another filter to say no
MATCH_NAMESPACE_STEPS = 400_000  # for all webhooks of a namespace and one event: 100 ms, in slices
MATCH_SLICE_STEPS = 4_000  # before the event loop gets control back: 1 ms
MATCH_LITTLE_STEPS = 64  # of an ordinary event: 16 µs
MATCH_BRIEF_STEPS = 400  # less than this a request need not take turns for
MATCH_INDEX_STEPS = 16_000  # for an event to be led to its webhooks; over it they are tried one by one
MATCH_KEPT_CHARACTERS = 1 * MIB  # of texts that an event's matching holds while others have their turn
JSONPATH_FILTER_DEPTH = 8  # filters inside filters; each level multiplies the work and deepens the stack
JSONPATH_PARTS = 1_000  # of all paths of one webhook's filters, or validators: some 350 bytes each
EXPRESSION_BYTES = 128 * KIB  # of memory that RE2 may take for the expressions of one filter, its automaton included
EXPRESSIONS_SIZE = 8_192  # of all expressions of a webhook (core.expressions): bounds their memory and time to read, some ms
EXPRESSIONS_KEPT_BYTES = 64 * MIB  # of compiled expressions, all webhooks together; others are compiled again when needed
EXPRESSIONS_INDEX_SIZE = 768 * KIB  # instructions of all expressions that have an index: 80 bytes each

# --- outbound (SPEC 5) -------------------------------------------------------------------------
ANSWER_BYTES = 64 * KIB  # compressed and expanded size both
ANSWER_HEADERS = 100  # kept of an answer, beside those that are read by us
ANSWER_HEADER_BYTES = 64 * KIB
LENIENT_LINES = 2_000  # of head and chunks of an answer that is not quite valid: 3 µs each, in Python
GZIP_MEMBERS = 100  # of a compressed answer that are expanded: each takes 20 µs, however little it holds
INTERIM_ANSWERS = 8  # 1xx answers before the final one
CONNECTION_SECONDS = 300.0  # life of a pooled connection: bounds how long an old address is used
HANDSHAKES = 16  # at once, 12 of one namespace: each stops the loop for a millisecond, and they like to come together
HANDSHAKE_PLACE_SECONDS = 0.25  # after which a target that takes longer makes room for others
OUTGOING_CONNECTIONS = 4_096  # open at once, each 50–100 KiB; fewer where fewer files may be open
IDLE_SECONDS = 55.0  # shorter than the 60 s after which common servers close
ANSWER_WIRE_BYTES = 640 * KIB  # an answer with its chunk sizes: 64 KiB in chunks of one byte are 384 KiB
READ_BYTES = 64 * KIB  # at most that much comes at once, and goes over a limit
WRITE_BYTES = 64 * KIB  # at most that much is written at once
CONNECT_ADDRESSES = 8  # of one name that are tried
CONNECT_STAGGER_SECONDS = 0.25  # before the next address is tried beside the one before (RFC 8305)
RESOLVED_SECONDS = 5.0  # an answer is used again: targets that close each connection cost no lookup each
RESOLVER_THREADS = 512  # lookups at once, 384 of one namespace; one without an answer holds a thread for 10 s and more
RESOLVER_SUSPECT_THREADS = 64  # of hosts whose last lookup failed or was slow; beside the former
RESOLVER_SLOW_SECONDS = 2.0
RESOLVER_HOSTS = 10_000  # remembered as suspect, and remembered with their addresses
TOKEN_BYTES = 16 * KIB
TOKEN_LIFE_SECONDS = 300.0  # of a token that came without expires_in; a 401 fetches another one anyway
TOKEN_MARGIN_SECONDS = 60.0  # a token is renewed so long before it expires, at most a quarter of its life
TOKEN_RETRY_SECONDS = 5.0  # after a renewal failed while the token is still good

# --- delivery (SPEC 5) -------------------------------------------------------------------------
INGEST_RETRY_AFTER_SECONDS = 5  # asked of a sender with a 503
RETRY_JITTER = 0.2
MAX_AGE_EXTRA_SECONDS = 24 * 3600.0  # default maxAge: the schedule and this (SPEC 2)
SLOW_PAUSE_SECONDS = 1.0  # a lane's pause after a 429 or 503 that names no time itself
RATE_APART_SECONDS = 0.05  # by which requests may take differently long to their target; its periods are longer by that,
RATE_LATE_SECONDS = 0.2  # and by how much later than usual a request was answered, at most
RATE_ANSWERS = 64  # that tell how long one usually takes: the quickest of the last so many
CIRCUIT_FAILURES = 10
CIRCUIT_PROBE_MIN_SECONDS = 5.0
CIRCUIT_PROBE_MAX_SECONDS = 300.0
DELETED_WEBHOOK_SECONDS = 600.0
MAX_IN_FLIGHT_DEFAULT = 16
LANE_QUEUE = 1_000  # claimed deliveries a lane holds in memory; the rest waits in the store
LANE_QUEUE_BYTES = 4 * MIB
LANES_QUEUE_BYTES = 64 * MIB  # of all lanes together; over it each may hold only a few
PARSED_EVENTS = 2_048  # kept parsed until the last of their deliveries starts
PARSED_BYTES = 72 * MIB  # of their parsed forms, estimated: two of the heaviest and many small ones
PARSED_EVENT_BYTES = 32 * MIB  # a MiB of empty lists, which take most
LANE_QUEUE_LEAST = 16
LANE_QUEUE_LEAST_BYTES = 64 * KIB
SETTLE_WEBHOOKS = 500  # changed at once, after which what they hold is left out of garbage collections
GC_YOUNG = 10_000  # new objects after which the youngest are looked through: 1 ms
GC_MIDDLE = 5  # such rounds after which those that were left over are: 5 to 10 ms
GC_OLD = 20  # such rounds after which all are, but for what is left out
LEAVING_SECONDS = 0.05  # between looks whether anything is under way of webhooks that another process is to work on
TAKING_SECONDS = 1.0  # between tries to take webhooks from the store, or to leave them, while it cannot be used
LANES_SLICE = 200  # lanes gone through before the event loop gets control back: 10 to 20 µs each
LOAD_GROUP = 50  # webhooks built in one go of a thread, then put in force
WARM_PAUSE_SECONDS = 0.01  # between two templates compiled ahead; each takes some milliseconds
CLAIM_DELIVERIES = 1_000  # that one call for many lanes may bring, 10 to 25 ms of the loop: other work goes in between
TURN_CREDIT_SECONDS = 0.0005  # of rendering granted to a lane with each turn
TURN_CREDIT_MAX_SECONDS = 0.002
TURNS_SECONDS = 0.001  # of work before the event loop gets control back
TURNS_MAX_SECONDS = 0.002  # where others had it as long
TURNS_BEHIND_SECONDS = 0.02  # of what others had it longer: the next slices make up for it
SEND_BYTE_SECONDS = 2e-9  # of the loop, which writing and encrypting a byte of a request takes once its turn is over
HANDSHAKE_SECONDS = 0.0015  # of the loop, which a new connection takes
REQUESTS_BYTES = 32 * MIB  # of bodies under way, all webhooks together; each is copied some three times on its way
CLAIM_BYTES = 8 * MIB  # of events, the same
CLAIM_LANES = 250  # that share a call: some 5 ms if nothing waits of them
SETTLE_LANES = 250  # looked at in one go when all are to be
SUSPECT_CRASHES = 3  # ends of the process in which a delivery was under way, after which it is set aside
UNDER_WAY_SLOTS = 4_096  # attempts that are marked at once, 16 bytes each
ATTEMPTS = 2_048  # under way at once, all webhooks together: 1,152 of one webhook; fewer where fewer files may be open
IDLE_ATTEMPTS = 64  # tasks kept for the next attempt
RESULTS_GATHER_SECONDS = 0.004  # a result that nobody waits for may share the commit of the next event
RESULTS_GROUP = 250  # rows + KiB of results in one call: 10 ms of the store if all are dead letters; events get in between
RESULTS_STUCK_SECONDS = 2.0  # far longer than a commit on a busy disk; then no attempt starts
STORE_FLUSH_SECONDS = 5.0  # for the last results at the end: what the store cannot take is sent once more
REMEMBER_SECONDS = 2.0  # between two rounds of writing what changed of webhooks
SWEEP_SECONDS = 60.0  # between two comparisons of store and lanes
PRUNE_SECONDS = 60.0  # between two rounds of dropping what is too old
COUNT_LANES = 250  # counted in one query of a sweep
STORE_OPEN_SECONDS = 1.0  # between two tries to open a store that has no space
LANE_EARLY_SECONDS = 0.002  # a timer may fire a little before its time
LANE_AGAIN_SECONDS = 1.0  # after the store did not carry out what a lane asked, and between two looks for what is too old

# --- store -------------------------------------------------------------------------------------
KEY_COUNTER_BITS = 21  # of a key below its milliseconds: the slot, and the counter of that slot
KEY_SLOT_BITS = 16  # of the counter: 65,536 a millisecond and slot before the clock is outrun; an event takes 10,001 at most
KEY_SLOTS = 32  # processes on one store that make keys: what is left between the two
BACKLOG_WEBHOOK = 100_000
BACKLOG_TOTAL = 1_000_000
BACKLOG_BYTES = 4 * GIB
DEAD_LETTER_SECONDS = 30 * 24 * 3600
DEAD_LETTER_BYTES = 1 * GIB
DEAD_LETTER_ROW_BYTES = 500  # what a dead letter costs in the database beside its event (rows and indexes)
HISTORY_SECONDS = 7 * 24 * 3600
HISTORY_BYTES = 1 * GIB
RESERVE_MIN_BYTES = 64 * MIB
RESERVE_MAX_BYTES = 1 * GIB
RESERVE_SHARE = 0.05
HISTORY_BODY_BYTES = 16 * KIB  # of a request or answer body kept in one invocation
UNREAD_BYTES = 512  # kept of what came instead of an answer that can be read
HISTORY_ROW_BYTES = 250  # what an attempt costs in the database beside its detail (row and indexes)
STORE_GROUP_WEIGHT = 4_096  # rows + KiB in one transaction: keeps a commit near 20 ms, as everybody's events wait for it
STORE_HEAVY_WEIGHT = 512  # of what waits, from which on small calls go ahead of it: 3 to 5 ms
STORE_LIGHT_WEIGHT = 64  # of a small call: an event of some ten KiB, or for some ten webhooks
STORE_CHECKPOINT_WEIGHT = 8_192  # rows + KiB after which the WAL is written back: about 16 MiB of it
STORE_STEP_ROWS = 250  # rows of one step of pruning or burying: about 5 ms, as accepted events wait for it
STORE_LAST_WORDS_SECONDS = 1.0  # for the sentence why the process ends, if stderr takes it at all
STORE_IDLE_SECONDS = 1.0  # without work, after which the WAL is written back
STORE_RETRY_SECONDS = 0.25  # between tries to write results while there is no space
STORE_CONNECT_SECONDS = 5.0  # for a connection to the database
STORE_ANSWER_SECONDS = 5.0  # for an answer of the database to a write; later it counts as away
STORE_UPKEEP_SECONDS = 60.0  # for an answer to a step of pruning: it reads all dead letters to count them
STORE_AGAIN_SECONDS = 1.0  # between tries of what waits for a database that is away, at most; a random part of it
STORE_LEASE_SECONDS = 6.0  # for which a process owns its slot and its parts without saying so again
STORE_RENEW_SECONDS = 1.0  # between two times it says so, and sees whose time is over
STORE_SURE_SECONDS = 4.0  # after it last asked for them, for which it begins anything: another cannot have them by then
STORE_LOOK_SECONDS = 0.15  # between looks for what other processes did, where the database sends no notice of it
STORE_MISSED_SECONDS = 5.0  # between such looks where notices come: one may be lost with its connection
STORE_GATHER_SECONDS = 0.005  # for which notices are gathered: one answer of the database for all of them
STORE_PARTS = 64  # that webhooks are divided into: the most processes that can share the work
SHOWN_SECONDS = 2.0  # between two times that a process tells the others, and asks, what is shown of webhooks
SHOWN_WEBHOOKS = 500  # told in one of them: about 20 ms; the others follow
SHOWN_SLICE = 50  # made or read before the event loop gets control back: 40 to 100 µs each
TOLD_NAMESPACES = 1_000  # of which a process tells the others what waits, the fullest: 50 KiB
SHOWN_OVERLAP_SECONDS = 10.0  # looked at once more each time: longer than a commit that is not given up takes
STORE_COPY_ROWS = 100  # rows in memory and in one transaction while a store is copied: of 1 MiB at most, as events are
STORE_READ_LINKS = 2  # connections that read the history
DEAD_DISORDER_MS = 600_000  # a clock that was set back by more: dead letters of a time are not all listed
HISTORY_DISORDER_MS = 600_000  # an attempt is kept when it ends, so at most so long after one that began later
STORE_READ_SECONDS = 2.0  # one query of the history
HISTORY_PAGE_LOOKS = 50_000  # attempts looked at for one page where no index leads to what fits: some 30 ms
DEAD_PAGE_LOOKS = 20_000  # dead letters looked at for one page of a time at which very many died: some 20 ms
STORE_READ_STEPS = 1_000_000  # of SQLite's machine between two looks at the clock (20 ms): each waits for a busy Python
STORE_COUNT_ROUTES = 100  # webhooks counted in one query
STORE_CHECK_BYTES = 32 * MIB  # a larger file is not read through at start: 0.6 s where nothing is cached
REDACT_SHORTEST_SECRET = 8  # a shorter secret cannot be searched for: then no answer body is stored
REDACT_SHORTEST_PART = 16  # characters of a part of a secret (a word, a line, a path segment) searched for alone
FORMER_SECRETS_SECONDS = 24 * 3600.0  # after its rotation a value is still searched for (SPEC 5)
FORMER_VALUES = 4  # of one key of a Secret that are remembered so: bounds the search
REDACT_FORM_BYTES = 512 * KIB  # of all forms of a webhook's secrets (nine times their size and more): over it all is hidden
REDACT_DISGUISED_BYTES = 256  # of a webhook's short secrets, searched for in unlikely forms too: forty times their size
REDACT_PIECE_CHARACTERS = 12  # of a secret's beginning or end that are found alone; fewer would be found by chance
REDACT_EFFORT_BYTES = 2 * MIB  # made and searched in all readings of one text: 10 ms; over it the text is hidden whole
REDACT_ESCAPE_BYTES = 20  # that undoing an escape counts for in these,
REDACT_MATCH_BYTES = 60  # a piece of a secret,
REDACT_FIND_BYTES = 800  # and following it
REDACT_MARGIN_CHARACTERS = 1 * KIB  # of a text searched behind what is kept of it: a secret may stand across the cut
REDACT_SMALL_BYTES = 4 * KIB  # of one webhook's secrets: what searches for more is made when a configuration is loaded
REDACT_SMALL_ALL_BYTES = 16 * MIB  # of all searches for fewer, made when a text comes (0.3 ms) and kept while used: 400
REDACT_ALL_BYTES = 64 * MIB  # of all searches for more; a webhook for which there is no room has its texts hidden

# --- tests -------------------------------------------------------------------------------------
TEST_BODY_BYTES = 4 * KIB
TEST_VALUE_CHARACTERS = 512

# --- manifests (SPEC 7) ------------------------------------------------------------------------
MANIFEST_BYTES = 4 * MIB  # of one file
MANIFEST_NODES = 1_000_000  # values in one document, aliases expanded: a billion laughs ends here
MANIFEST_DEPTH = 100  # nesting of one document

# --- admin port --------------------------------------------------------------------------------
ADMIN_BODY_BYTES = 4 * MIB  # a test run carries a whole webhook and an event
PREVIEW_BYTES = 1 * MIB  # a template of the largest size and an event beside it
ADMIN_PAGE_DEFAULT = 50
ADMIN_PAGE_MAX = 500
ADMIN_SLICE_SECONDS = 0.0005  # of making the items of a list before the event loop gets control back: events wait for it
ADMIN_PIECE_BYTES = 64 * KIB  # of a list's text, sent before more is made: invocations carry bodies
ADMIN_SHOWN = 500  # invocations in a list, made once: a page that looks on asks for the same again and again
ADMIN_GZIP_BYTES = KIB  # an answer below it fits into one packet anyhow
ADMIN_GZIP_LEVEL = 4  # rows of a table come to a tenth; a higher one doubles the time for a fifth less
ADMIN_TAGGED_BYTES = 256 * KIB  # of an answer that is held back for its tag: a page of the table is 42 KB
CHANGES_REMOVED = 10_000  # webhooks that went, remembered for `since`; with older ones everything is told anew
TABLE_QUERY_CHARACTERS = 256  # of a search: longer than any name and host that could be found
TABLE_SLICE = 250  # webhooks whose rows are made anew before the event loop gets control back: about 5 µs each
TABLE_NAMESPACES = 1_000  # told by name to choose from; others are reached by a search
ACTIVITY_SLOTS = 30  # of attempts counted for a sparkline
ACTIVITY_SECONDS = 120  # a slot: all of them make the last hour
REPLAY_IDS = 10_000  # delivery ids in one replay request

# --- dispatch configuration ----------------------------------------------------------------------
CONFIG_PARTS = 8  # Secrets it is split over
CONFIG_PART_BYTES = 1_000 * KIB  # of slices in a part: a Secret holds at most 1 MiB
CONFIG_LAST_PART_BYTES = 600 * KIB  # of slices in the part beside the manifest, which grows with their number
CONFIG_SLICE_WEBHOOKS = 128  # of one namespace in a slice on average: what a change encodes and parses anew
CONFIG_SLICE_BYTES = 256 * KIB  # expanded, of a slice of several webhooks; compressed, of one webhook alone
CONFIG_WEBHOOK_BYTES = 1 * MIB  # expanded, of one webhook: parsing it holds the interpreter for some milliseconds
CONFIG_PACKED_BYTES = 5_400 * KIB  # of all slices: the room in all parts, less one slice in each
CONFIG_BYTES = 64 * MIB  # expanded, of all webhooks; a dispatcher holds them all
CONFIG_REST_BYTES = 16 * MIB  # expanded, of the names of namespaces that /v1/events reaches
CONFIG_WHOLE_BYTES = 256 * MIB  # expanded, of a configuration that an earlier release wrote
CONFIG_CHECKS = 1_000  # templates tried on a sample, expressions compiled, for a namespace in one build: about a second
CONFIG_CHECKS_TOGETHER = 5_000  # for all namespaces of one build, shared out evenly

# --- files and folders that are followed -----------------------------------------------------------
AUTHORITIES_LOOK_SECONDS = 10.0  # between two looks at the files of egress.caFile; kubelet takes a minute to bring a new one
FOLDER_LOOK_SECONDS = 1.0  # between two looks without a notice of the system
FOLDER_BLIND_LOOKS = 30  # while the system gives no notices, before it is asked for them again
FOLDER_LOOK_SHARE = 0.02  # of the time that looks at manifests may take: very many files are looked at less often
FOLDER_AGAIN_SECONDS = 5.0  # after a change that could not be put in force

# --- Manual calls, tests and replays ---------------------------------------------------------------
DIRECT_RUNS = 64  # Manual calls and tests under way at once: 48 of one namespace, 36 of one webhook
DIRECT_BYTES = 16 * MIB  # of their events: a large one takes several places
RUNS_KEPT_SECONDS = 3_600.0  # for which all dispatchers on one database know a result: who asks again does so within seconds
RUN_GRACE_SECONDS = 30.0  # beside its own timeout, after which a run without a result counts as lost with its process
RUN_LOOK_SECONDS = 0.25  # between looks whether another process has ended a run
TEST_RUNS_KEPT = 2_000  # results of tests by run id, so that a repeated request does not send again
REPLAY_STEP = 500  # dead letters replayed by one request that does not say how many: a step of a progress bar
REPLAY_BATCH = 250  # dead letters moved back in one transaction: some 50 ms, between which other work goes

# --- dev --sink ------------------------------------------------------------------------------------
SINK_HOSTS = 1_000  # with a certificate each: 3 ms to make, 10 KiB to keep
SINK_BODY_BYTES = 4 * KIB  # of a request, in which the receiver looks for a form of OAuth 2.0

# --- client commands ---------------------------------------------------------------------------
CLIENT_CONNECT_SECONDS = 5.0
CLIENT_READ_SECONDS = 90.0  # longer than the longest timeout of a webhook (60 s) and of a usual test
CLIENT_ANSWER_BYTES = 64 * MIB  # a page of 500 invocations with bodies
KUBECTL_END_SECONDS = 5.0  # from SIGTERM on, until a kubectl that does not end is killed
KUBECTL_SECONDS = 15  # for one answer of an API server to the caller's kubectl, or for a port-forward to stand
OPEN_SECONDS = 60.0  # for a browser to come to where it was led: a cold one takes its time
OPEN_LOOK_SECONDS = 10.0  # after which an open page's port-forward is looked at; used, it is not closed as idle
CLUSTER_TEST_SECONDS = 60.0  # beside its own timeout, until a test in a cluster has run and its status is written
CLOCKS_APART_SECONDS = 30.0  # of this machine and the API server, above which doctor says so: a Date has whole seconds
REPLAY_GROUPS_SHOWN = 5  # of dead letters, named where none fits
FOLLOW_SECONDS = 1.0  # between two looks of `invocations --follow`
COMPLETION_SECONDS = 1.0  # until a shell that asked for names gets none: nobody waits for Tab

# --- telemetry ---------------------------------------------------------------------------------
METRICS_NAMESPACES = 50  # namespaces with time series of their own, in the same way
METRICS_WEBHOOKS = 250  # webhooks with time series of their own; the rest is summed: bounds a scrape to some ms
LOOP_BEAT_SECONDS = 0.02  # between two beats of the event loop: how exactly its stops are measured, for 0.3 % of a core
LOOP_STOP_SECONDS = 0.05  # of a missing beat that are a stop: as long as a delivery may wait for others (SPEC 5)
LOOP_HANGS_SECONDS = 3.0  # of a stop, after which it is told of before it is over: less than a liveness probe waits
LOOP_LOG_SECONDS = 10.0  # between two lines about stops
LOOP_PLACES = 8  # that are remembered of what ran in a stop
LOOP_FRAMES = 4  # of each: the function and its callers
LOG_BUFFER_BYTES = 4 * MIB  # lines held while nobody reads: some seconds of them; further ones are dropped
LOG_BUFFER_SECONDS = 0.05  # an attempt's line is held for, so that many cost one write
LOG_DRAIN_SECONDS = 1.0  # that the end of the process waits for a reader

# --- controller (SPEC 2) ---------------------------------------------------------------------------
REBUILD_QUIET_SECONDS = 0.2  # without a change before the configuration is made anew: a kubectl apply of many files
REBUILD_WAIT_SECONDS = 1.0  # at most, when changes never end
RUNTIME_STATUS_SECONDS = 30.0  # between two writes of run-time fields of one object, unless its result flips
RUNTIME_WRITES_PER_SECOND = 10.0  # of run-time fields, all objects together
RETRY_SECONDS = 1.0  # after what the API server or a dispatcher did not take; doubles with each further failure
RETRY_LONGEST_SECONDS = 10.0  # while that may heal by itself
REFUSED_LONGEST_SECONDS = 30.0  # while it is refused: somebody has to change something
STATUS_PROBES = 10  # refused statuses of one namespace that are tried again at once; one that is taken frees the others
STATUS_WRITERS = 8  # writes to the API server at once
ASK_SECONDS = 60.0  # between two questions whether another release still handles its objects of a namespace
ANSWER_SECONDS = 60.0  # it has for the answer: a restart takes less
FEED_SECONDS = 60.0  # for kopf's watches to begin, at the start and where a namespace answers again
SILENT_WATCHES = 3  # one after the other without any event or bookmark, before it is told
CONTROLLER_RETRY_SECONDS = 5.0  # at least between two tries of what ends at once: a list for a watch
TROUBLE_LINE_SECONDS = 60.0  # between two lines about the same cause
TROUBLE_LAPSE_SECONDS = 180.0  # without being noted again, after which a cause has ended
TROUBLE_SECONDS = 60.0  # of what stops everybody, after which the controller is not ready
ENDING_SECONDS = 3.0  # for the other parts of a controller of which one ended
RELIST_SECONDS = 300.0  # between two looks at all webhooks and tests, which repair what a watch missed
RELIST_AGAIN_SECONDS = 20.0  # after a look that found a miss
RELIST_GRACE_SECONDS = 5.0  # that a watch may lag behind a list
WATCH_SECONDS = 300  # of one watch request
WATCH_SILENT_SECONDS = 90.0  # without an event or bookmark (one in 60 to 75 s) a watch is taken for dead
LIST_PAGE = 500  # objects in one page of a list
CLUSTER_REQUEST_SECONDS = 20.0
UNRESOLVED_SECONDS = 15.0  # between two looks whether objects that are referred to exist without the label
UNRESOLVED_LOOKS = 100  # of those in one go
UNRESOLVED_LOOKS_SECONDS = 30.0  # of one go, after which it begins no further look
UNRESOLVED_AT_ONCE = 4  # requests under way, and threads that an API server without an answer can hold
POLL_SECONDS = 5.0  # between two questions to the dispatchers
POLL_PENDING_SECONDS = 0.5  # while a webhook waits for them
POLL_PENDING_LONGEST_SECONDS = 60.0  # after which they are asked at leisure again
DISPATCHER_CONNECT_SECONDS = 3.0
DISPATCHER_ANSWER_SECONDS = 10.0
DISPATCHER_ANSWER_BYTES = 64 * MIB  # 10,000 webhooks are about 10 MiB
NUDGE_SECONDS = 10.0  # after which pods that run an old configuration get their annotation anew
OWNED_SECONDS = 1.0  # after which a Secret of its own that is gone is made again: who replaces one deletes it first
REMOVAL_SECONDS = 3.0  # after which a look finds what a controller made again that was about to end
OWNED_LONGEST_SECONDS = 60.0  # the same while it goes again and again, or cannot be made
CONTROLLER_TESTS = 32  # WebhookTests under way at once: 24 of one namespace, 18 of one webhook
TEST_AGAIN_SECONDS = 10.0  # after a run of a test did not come about
REQUESTED_AT_CHARACTERS = 256  # of the annotation: what its echo in a status takes
EVENT_MESSAGE_CHARACTERS = 1_024  # what the API server takes
CONDITION_CHARACTERS = 1_024  # of a condition's message
STATUS_HEADERS = 64  # of a request or answer in a WebhookTest's status
STATUS_HEADER_CHARACTERS = 1_024
