// The words of the command line: help text and exit codes.

export const exitCode = {
  ok: 0,
  /** The flow failed; a test failed; `check` found errors or a file it cannot read; `format --check` found a file to format; `diff` found a difference. */
  failed: 1,
  /** Wrong options, missing or wrong inputs, unreadable file. Nothing was run. */
  usage: 2,
  /** No agent could be reached or started, or it cannot take a run now. */
  agent: 3,
  /** Stopped by Ctrl+C or from elsewhere. */
  canceled: 130,
} as const;

export const help = `dflow: run, check and convert Power Automate desktop flows (.robin files)

  dflow run FLOW [options]        run a flow through this machine's agent and show it action by action
      --input NAME=VALUE          an input by its external name (may be repeated)
      --input-env NAME=VARIABLE   take the value from an environment variable
      --inputs FILE               take inputs from a JSON object; - reads it from standard input.
                                  Use --inputs or --input-env for sensitive inputs, or leave them out to be asked.
      --priority normal|high      place in the run queue (default normal)
      --timeout TIME              stop the flow after this time: 90s, 30m, 2h, 3d or PT1H30M (default: none)
      --connection NAME           run it on the target of a connection, under its account
      --target NAME               run it on another machine or machine group
      --unattended, --elevated    in a session of its own; as an administrator
      --log-level LEVEL           what the run writes down: full (default), debug, custom, warning, error
      --no-screenshot             no picture of the desktop if it fails
      --json                      one JSON object a line: every event, then the result

  dflow check PATH ...            syntax and meaning of flow files, or of all in a folder, without running
      --json                      one JSON object: {"files":[{"path","verdict","diagnostics"}]}
      --format human|json|sarif|github
      --fix                       make the corrections that cannot change what the flow does
      --rule CODE=SEVERITY        error, warning, information, hint or off (may be repeated); dflow rules lists them
  dflow format PATH ...           lay out flow files as the designer does
      --check                     write nothing; name the files that are not laid out so
  dflow actions PATH ... [--json] which actions are used, how often, and whether this agent can run them
  dflow actions --supported       the ids of all actions that this agent can run, one a line (a list with --json)
  dflow diff A B        [--json]  what differs in meaning between two flows
  dflow rules           [--json]  the rules of dflow check and their severity
  dflow solution unpack ZIP FOLDER  a solution, or the folder of an unpacked one, as flow files to work with
      --overwrite                 also into a folder that has files
  dflow solution pack FOLDER ZIP  the solution again, with the edited flows in it
  dflow solution list ZIP [--json]  its desktop flows

  dflow test [PATH ...]           run the tests in *.test.robin files, here or in the named files and folders
      --filter TEXT               only tests with this text in their name
      --timeout SECONDS           how long one test may take (default 60)
      --json                      one JSON object a line: every event, then the numbers
      --junit FILE                write the result as JUnit XML
      --coverage                  show which rows of the flows ran
      --lcov FILE                 the same, written in the format of lcov

  dflow queue           [--json]  what runs, what waits in which order, what has ended
  dflow queue why RUN             why a run still waits, who can change that, and when it will start
  dflow queue COMMAND             more about the run queue: dflow help queue
  dflow runs COMMAND              list, show, events, stop, safe-stop, pause, resume, resubmit: dflow help runs
  dflow stop RUN [--safe]         stop a run; --safe: at its next "If safe stop requested"
  dflow pause RUN, dflow resume RUN  let a run stand still before its next action, and go on
  dflow resubmit RUN    [--json]  run a finished run's flow again: dflow help runs
  dflow schedule COMMAND          runs that start by a time table: dflow help schedule
  dflow machine COMMAND           the machines that runs are placed on: dflow help machine
  dflow group COMMAND             machine groups with one queue for all their machines: dflow help group
  dflow connection COMMAND        targets with an account and its password: dflow help connection
  dflow workqueue list [--json]   the work queues of this machine
  dflow workqueue add NAME        make one; prints its id
      --retries N                 how often an item is tried again after an IT exception (default 0)
  dflow workqueue show NAME [--json]  its items
  dflow workqueue pause|stop|resume NAME  give out no more items, take none either, go on
  dflow mcp                       tools for assistants (Model Context Protocol) over standard input and output:
                                  actions, diagnostics, machines, runs and logs; edits and runs after confirmation
      --root FOLDER               the folder whose flows it reads and writes (default: the current one)
      --data FOLDER               the data folder of the agent
      --allow-changes             edits and runs without asking
  dflow agent start               start this machine's agent and keep it running
      --port PORT                 listen on this port instead of a free one
      --sessions client|server    unattended runs get a Windows session of their own, as on that edition (Linux: xrdp)
      --sessions none             the agent's own session only (default); what was chosen holds for later starts, too
      --session-limit N           most sessions at once on a server (default 10)
      --era 2020|2021|2024|2025   whose rules its queue follows where they differ (default 2021); holds for later starts, too
  dflow agent status [--json]     is it running, what runs, what waits
  dflow agent stop                stop it; queued runs stay in the queue
  dflow agent pair ADDRESS ... CODE  let an orchestrator give it work (--name, --description, --certificates FILE)
  dflow agent unpair              leave the orchestrator

  dflow orchestrator --database ADDRESS | --database-file FILE  serve machine groups over PostgreSQL
      --host HOST, --port PORT    where it listens (default 127.0.0.1, 7420)
      --certificate FILE --key FILE  how it encrypts; needed wherever it can be reached over a network
      --era 2020|2021|2024|2025   whose rules hold at all instances from now on (default 2021)
  dflow orchestrator token new NAME [--role owner|coowner|user], token list, token remove NAME
  dflow orchestrator code [--json]  a code for dflow agent pair, good once, for ten minutes
  dflow orchestrator access NAME [PRINCIPAL owner|coowner|user|none]  who may use a machine or group
  dflow orchestrator login ADDRESS, logout  which orchestrator the option --orchestrator means

  A path - is the standard input, for check and format.
  --data FOLDER   the agent's data folder (default: DESKTOP_FLOWS_HOME or the user's own)
  --version, --help

Exit codes: 0 done · 1 the flow or a test failed or has errors, or there is something to format or a difference
            2 wrong options or inputs · 3 no agent that can take it · 130 stopped
`;

const lists = `
  --json   the same for programs: one JSON object or array a line
  --watch  show it again whenever something changes, until Ctrl+C
  --data FOLDER  the agent's data folder (default: DESKTOP_FLOWS_HOME or the user's own)
`;

const settings = `      --maintenance on|off        nothing new starts, what runs goes on
      --reuse-sessions on|off     unattended runs lock their session at the end, and a later one uses it again
      --extended-prioritization auto|on|off  a run that somebody's session keeps waiting lets the next one go first
      --allocation random|least-loaded  which of several free machines of a group gets a run
      --session-policy wait|ask|disconnect|sign-out|sign-out-console  what is done about a person's session that is in the way
      --log-level full|debug|custom|warning|error  what its runs write down at least; asked: what each asks for
      --log always|on-failure|never  when they do
      --screenshots on|off        whether runs that fail take a picture of their desktop
`;

/** Help on the commands that have commands of their own. */
export const helpOf: Readonly<Record<string, string>> = {
  machine: `dflow machine: the machines that runs are placed on

  dflow machine list              all of them, what they carry and what waits for them
  dflow machine show NAME         one of them, with its sessions and settings
  dflow machine set NAME          change it
      --name NAME, --description TEXT
      --slots N                   how many unattended runs it may carry at once, 0 to 10
${settings}  dflow machine maintenance on|off [NAME]  the same as set --maintenance; without NAME: this machine
  dflow machine audit [NAME]      who changed what, the newest first; without NAME: everything
      --limit N                   how many (default 50)
  dflow machine remove NAME       its agent is refused from then on; not while runs wait for it

  NAME is a name, in any letter case, or an identifier. A machine in a group has the settings of the group.
${lists}`,
  group: `dflow group: machine groups, whose machines take runs from one queue

  dflow group list                all of them with their machines and what waits for them
  dflow group add NAME            make one
      --description TEXT, and the settings below
  dflow group set NAME            change it, and with it its machines
      --name NAME, --description TEXT
${settings}  dflow group join GROUP MACHINE ...  the machines work for the group from then on; connections to them end
  dflow group leave MACHINE ...   they work on their own queues again, with the settings of the group
  dflow group audit NAME          who changed what, the newest first
      --limit N                   how many (default 50)
  dflow group remove NAME         not while runs wait for it
${lists}`,
  connection: `dflow connection: targets with an account and its password, made once and used by many runs

  dflow connection list           all of them; a password is never shown
  dflow connection add NAME --target NAME --account ACCOUNT
      --target NAME               a machine or machine group
      --account ACCOUNT           DOMAIN\\user, user@domain or .\\user
                                  The password is asked for, or read from the standard input.
      --no-password               none: for attended runs only
      --reference REFERENCE       where the password is kept: env:NAME, file:/path or command:/path/program
  dflow connection set NAME       change it
      --name NAME, --target NAME, --account ACCOUNT, --reference REFERENCE, --no-password
      --password                  ask for a new password, or read it from the standard input
  dflow connection test NAME      sign in with it on a machine of its target; runs nothing
  dflow connection rekey          seal all passwords on this machine with a new key
  dflow connection remove NAME    not while runs wait that use it
${lists}`,
  queue: `dflow queue: what runs, what waits in which order and why

  dflow queue [list] [NAME]       running, waiting and finished runs; NAME: of one machine or machine group
      --limit N                   at most this many that wait (default 1000)
  dflow queue why RUN             why it still waits, who can change that and how, its place, and when it will start
  dflow queue would FLOW          the same for a run that nobody has requested yet; requests nothing
      --connection NAME or --target NAME, --unattended, --elevated, --priority normal|high
  dflow queue top RUN             before all others; several: the one that was moved last comes first
  dflow queue untop RUN           back to its place
  dflow queue priority RUN normal|high
  dflow queue cancel RUN ...      take runs out of the queue

  RUN is an id, or a part of it that only one run has.
${lists}
Exit codes of would: 0 it would start or wait · 1 it would fail
`,
  runs: `dflow runs: the runs that are kept, and what can be done about them

  dflow runs list                 the newest first
      --limit N                   how many (default 30)
      --state STATE, --flow TEXT  only those in this state, only those of flows with this text in their name
  dflow runs show RUN             everything about one of them
  dflow runs log RUN              the actions it carried out and the messages of the flow, as a table
      --level LEVEL               only what that level has: full, debug, custom, warning, error
  dflow runs screenshot RUN -o FILE  the desktop when it failed, as PNG; not of flows that know sensitive values
  dflow runs events RUN           what happened to it and in it; with --watch until it ends
  dflow runs stop RUN ...         stop it; one that waits is canceled
  dflow runs safe-stop RUN ...    at its next "If safe stop requested"
  dflow runs pause RUN ..., dflow runs resume RUN ...  stand still before the next action, and go on
  dflow runs resubmit RUN         run a finished run's flow again, as it was, and follow it
      --connection NAME, --target NAME  somewhere else
      --input NAME=VALUE, --input-env NAME=VARIABLE, --inputs FILE  inputs that are different now
      --priority normal|high

  RUN is an id, or a part of it that only one run has.
${lists}`,
  schedule: `dflow schedule: runs that start by a time table

  dflow schedule list             all of them with their next time
  dflow schedule add NAME FLOW    the flow and its inputs are kept as they are now
      --cron EXPRESSION           minute hour day month weekday, such as "0 8 * * 1-5"; seconds may stand in front
      --every TIME                90s, 30m, 2h, 1d or PT1H30M
      --at MOMENT                 once: 2026-12-24T08:00
      --time-zone ZONE            of these times, such as Europe/Berlin (default: that of this machine)
      --except DAYS               days without runs: sat,sun,2026-12-25
      --from MOMENT, --until MOMENT  nothing before and after
      --missed skip|one|all       what becomes of times that pass while no agent runs (default skip)
      --disabled                  starts nothing yet
      --input, --input-env, --inputs, --connection, --target, --unattended, --elevated, --priority, --timeout,
      --log-level, --no-screenshot  as for dflow run
  dflow schedule set NAME [FLOW]  change it; with FLOW also the flow, its inputs and where it runs
      --name NAME, --enabled, --disabled, and the options of add
  dflow schedule firings NAME     what became of the last times
  dflow schedule next NAME        its next times
      --limit N                   how many (default 20 and 10)
  dflow schedule remove NAME      runs that it started go on
${lists}`,
};
