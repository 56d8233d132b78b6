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
      --timeout TIME              stop the flow after this time: 90s, 30m, 2h or PT1H30M (default: none)
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
  dflow stop RUN [--safe]         stop a run; --safe: at its next "If safe stop requested"
  dflow pause RUN, dflow resume RUN  let a run stand still before its next action, and go on
  dflow resubmit RUN    [--json]  run a finished run's flow again with the same inputs
  dflow workqueue list [--json]   the work queues of this machine
  dflow workqueue add NAME        make one; prints its id
      --retries N                 how often an item is tried again after an IT exception (default 0)
  dflow workqueue show NAME [--json]  its items
  dflow workqueue pause|stop|resume NAME  give out no more items, take none either, go on
  dflow agent start               start this machine's agent and keep it running
      --port PORT                 listen on this port instead of a free one
  dflow agent status [--json]     is it running, what runs, what waits
  dflow agent stop                stop it; queued runs stay in the queue

  A path - is the standard input, for check and format.
  --data FOLDER   the agent's data folder (default: DESKTOP_FLOWS_HOME or the user's own)
  --version, --help

Exit codes: 0 done · 1 the flow or a test failed or has errors, or there is something to format or a difference
            2 wrong options or inputs · 3 no agent that can take it · 130 stopped
`;
