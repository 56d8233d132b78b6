// Subflows and the calls between them: names, arguments, recursion, and a FUNCTION that is pasted where it cannot go.
import type { Subflow } from '../syntax/tree.ts';
import { unknownNames } from './actions.ts';
import type { Context, Survey } from './context.ts';
import { meaningMessages as say } from './findings.ts';
import { isShort } from './fragment.ts';

export function checkSubflows(context: Context, surveys: readonly Survey[]): void {
  const { model, report, suggestions } = context;
  const { subflows } = model.file;
  for (const subflow of subflows) {
    if (model.binding.subflow(subflow.name.text) !== subflow) {
      report.add(subflow.name, say.subflowTwice(subflow.name.text));
    }
  }
  checkPasted(context);
  for (const { calls } of surveys) {
    for (const { statement } of calls) {
      const { name, args, outputs } = statement;
      const callee = model.binding.subflow(name.text);
      if (callee === undefined) {
        const near = suggestions.near(subflows, name.text, () => subflows.map((s) => s.name.text));
        report.missing(name, say.subflowUnknown(name.text, near), 'subflow', name.text.toLowerCase());
        continue;
      }
      if (args.length + outputs.length === 0) continue;
      const owner = `The subflow “${callee.name.text}”`;
      for (const { at, name: given, near } of unknownNames(args, namesOf(callee.inputs), suggestions)) {
        report.add(at, say.argumentUnknown(owner, given, near));
      }
      for (const { at, name: given, near } of unknownNames(outputs, namesOf(callee.outputs), suggestions)) {
        report.add(at, say.outputUnknown(owner, given, near));
      }
    }
  }
  if (!report.skips('SubflowRecursion')) checkRecursion(context, surveys);
}

const namesOf = (names: Subflow['inputs']) => names.map((name) => ({ name: name.text }));

/**
 * The designer drops a FUNCTION that is pasted among actions. A text that it copied itself begins with an empty line; a longer text
 * is most likely kept as a file and not pasted as a whole.
 */
function checkPasted({ model, report, whole }: Context): void {
  const { file } = model;
  const [first] = file.subflows;
  if (whole || first === undefined || file.lines.length === 0 || file.lines.role(0) !== 'subflow') return;
  if (file.attachment === undefined && isShort(file)) {
    report.add(first.name, say.functionPasted());
  }
}

/** Who calls whom, by lower-cased names; '' is Main. */
export function callGraph(surveys: readonly Survey[]): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { body, calls } of surveys) {
    const caller = body.subflow?.name.text.toLowerCase() ?? '';
    const callees = graph.get(caller) ?? new Set();
    for (const { statement } of calls) callees.add(statement.name.text.toLowerCase());
    graph.set(caller, callees);
  }
  return graph;
}

function checkRecursion({ report }: Context, surveys: readonly Survey[]): void {
  const graph = callGraph(surveys);
  const circles = circlesOf(graph);
  if (circles.size === 0) return;
  for (const { body, calls } of surveys) {
    const { subflow } = body;
    if (subflow === undefined) continue;
    const circle = circles.get(subflow.name.text.toLowerCase());
    if (circle === undefined) continue;
    for (const { statement } of calls) {
      if (circles.get(statement.name.text.toLowerCase()) === circle) {
        report.add(statement.name, say.subflowRecursion(statement.name.text, subflow.name.text));
      }
    }
  }
}

/** The circle each recursive name belongs to. Names that lead to each other share one. Tarjan's algorithm with a stack of its own. */
function circlesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<string, number> {
  const circles = new Map<string, number>();
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  for (const root of graph.keys()) {
    if (order.has(root)) continue;
    const path: { readonly name: string; readonly rest: Iterator<string> }[] = [];
    const enter = (name: string) => {
      order.set(name, order.size);
      low.set(name, order.get(name) as number);
      open.push(name);
      isOpen.add(name);
      path.push({ name, rest: (graph.get(name) ?? new Set<string>()).values() });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { name, rest } = top;
      const next = rest.next();
      if (next.done !== true) {
        if (!order.has(next.value)) enter(next.value);
        else if (isOpen.has(next.value)) {
          low.set(name, Math.min(low.get(name) as number, order.get(next.value) as number));
        }
        continue;
      }
      path.pop();
      const outer = path.at(-1);
      if (outer !== undefined) {
        low.set(outer.name, Math.min(low.get(outer.name) as number, low.get(name) as number));
      }
      if (low.get(name) !== order.get(name)) continue;
      const members: string[] = [];
      let member: string;
      do {
        member = open.pop() as string;
        isOpen.delete(member);
        members.push(member);
      } while (member !== name);
      if (members.length > 1 || graph.get(name)?.has(name) === true) {
        for (const each of members) circles.set(each, order.get(name) as number);
      }
    }
  }
  return circles;
}
