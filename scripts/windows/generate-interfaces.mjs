// Writes src/win32/interfaces.ts: where the methods of UI Automation's and MSAA's interfaces stand in their vtables, what they take and
// give, and UI Automation's numbers. Read from the headers of mingw-w64 (uiautomationclient.h, oleacc.h: package mingw-w64-common of
// Debian 13), needed only when something is added to `wanted`:  node scripts/windows/generate-interfaces.mjs <include folder>
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const all = /./;
/** Methods of patterns that do not read from a cache. */
const current = /^(?!get_Cached|GetCached)/;
/** Which interfaces, and which of their methods. */
const wanted = {
  IUIAutomation:
    /^(?!.*(FromArray|NativeArray|SafeArray|Rect|Proxy|PatternProgrammatic|PropertyProgrammatic|PollFor|CheckNot|Reserved|Accessible))|AddPropertyChangedEventHandlerNativeArray/,
  IUIAutomation2: all,
  IUIAutomation3: /^$/,
  IUIAutomation4: /^$/,
  IUIAutomation5: /NotificationEventHandler$/,
  IUIAutomation6: /ConnectionRecovery|Coalesce/,
  IUIAutomationElement:
    /^(SetFocus|GetRuntimeId|Find|BuildUpdatedCache|GetC.*PropertyValue$|GetC.*Pattern$|GetCachedParent|GetCachedChildren|GetClickablePoint|get_(Current|Cached)(ProcessId|ControlType|LocalizedControlType|Name|AcceleratorKey|AccessKey|HasKeyboardFocus|IsEnabled|AutomationId|ClassName|HelpText|IsPassword|NativeWindowHandle|IsOffscreen|FrameworkId|ItemStatus|BoundingRectangle)$)/,
  IUIAutomationElementArray: all,
  IUIAutomationCondition: all,
  IUIAutomationTreeWalker: /^(?!Normalize)/,
  IUIAutomationCacheRequest: /^(Add|put_)/,
  IUIAutomationEventHandler: all,
  IUIAutomationFocusChangedEventHandler: all,
  IUIAutomationPropertyChangedEventHandler: all,
  IUIAutomationStructureChangedEventHandler: all,
  IUIAutomationInvokePattern: all,
  IUIAutomationValuePattern: current,
  IUIAutomationTogglePattern: current,
  IUIAutomationSelectionPattern: current,
  IUIAutomationSelectionItemPattern: current,
  IUIAutomationExpandCollapsePattern: current,
  IUIAutomationScrollPattern: current,
  IUIAutomationScrollItemPattern: all,
  IUIAutomationGridPattern: current,
  IUIAutomationGridItemPattern: current,
  IUIAutomationTablePattern: current,
  IUIAutomationTableItemPattern: current,
  IUIAutomationTextPattern: /^(?!RangeFromChild)/,
  IUIAutomationTextRange:
    /^(Clone|ExpandTo|FindText|GetText|Move|Select|ScrollIntoView|GetBoundingRectangles|GetEnclosing)/,
  IUIAutomationTextRangeArray: all,
  IUIAutomationWindowPattern: current,
  IUIAutomationTransformPattern: current,
  IUIAutomationRangeValuePattern: current,
  IUIAutomationLegacyIAccessiblePattern: /^(?!get_Cached|GetCached|GetIAccessible)/,
  IUIAutomationVirtualizedItemPattern: all,
  IUIAutomationItemContainerPattern: all,
  IUIAutomationMultipleViewPattern: current,
  IUIAutomationDockPattern: current,
  IAccessible:
    /^(get_acc(Parent|ChildCount|Child|Name|Value|Description|Role|State|KeyboardShortcut|DefaultAction|Focus)|acc(Select|Location|HitTest|DoDefaultAction)|put_accValue)$/,
};

const firstMethod = { IUnknown: 3, IDispatch: 7 };

const folder = process.argv[2];
if (folder === undefined)
  throw new Error('Say where the headers are: node scripts/windows/generate-interfaces.mjs <include folder>');
const text = ['uiautomationclient.h', 'oleacc.h']
  .map((name) => readFileSync(join(folder, name), 'latin1'))
  .join('\n');

/** Every interface of the headers: its base, id, and methods in order. */
const declared = new Map();
for (const [, iid, name, base, body] of text.matchAll(
  /MIDL_INTERFACE\("([^"]+)"\)\s*(\w+)\s*:\s*public\s+(\w+)\s*\{([\s\S]*?)\n\};/g,
)) {
  const methods = [...body.matchAll(/STDMETHODCALLTYPE\s+(\w+)\(([^)]*)\)\s*=\s*0;/g)].map(
    ([, method, parameters]) => ({
      method,
      parameters: parameters
        .split(',')
        .map((parameter) => parameter.trim())
        .filter((parameter) => parameter !== '' && parameter !== 'void'),
    }),
  );
  declared.set(name, { iid, base, methods });
}

function firstIndex(name) {
  const base = firstMethod[name];
  if (base !== undefined) return base;
  const { base: parent, methods } = declared.get(name);
  return firstIndex(parent) + methods.length;
}

const scalars = {
  int: 'int',
  LONG: 'int',
  DWORD: 'int',
  UINT: 'int',
  WINBOOL: 'bool',
  double: 'double',
  BSTR: 'text',
  LPCWSTR: 'characters',
  UIA_HWND: 'handle',
  POINT: 'point',
  RECT: 'rectangle',
  VARIANT: 'variant',
  PROPERTYID: 'int',
  PATTERNID: 'int',
  EVENTID: 'int',
  CONTROLTYPEID: 'int',
  TEXTATTRIBUTEID: 'int',
};

/** A parameter of the header → what it takes or gives. A pointer is a result, unless it points to an interface or is an array. */
function kindOf(parameter, method) {
  const [, type, stars, name] = /^(?:const\s+)?(?:enum\s+)?(\w+)\s*(\**)\s*(\w+)$/.exec(parameter) ?? [];
  const isEnumeration =
    parameter.startsWith('enum ') ||
    /^(?:TreeScope|\w+(?:State|Mode|Type|Options|Unit|Endpoint|Position|Amount|Major|Orientation))$/.test(
      type,
    );
  if (type === undefined) throw new Error(`${method}: cannot read '${parameter}'`);
  if (name === 'propertyArray') return { kind: 'ints', isResult: false };
  if (type === 'SAFEARRAY') return { kind: 'array', isResult: stars === '**' };
  if (type === 'IUnknown' || type === 'IDispatch' || declared.has(type))
    return { kind: type, isResult: stars === '**' };
  const kind = scalars[type] ?? (isEnumeration ? 'int' : undefined);
  if (kind === undefined) throw new Error(`${method}: no kind for '${parameter}'`);
  return { kind, isResult: stars === '*' };
}

const ids = (pattern) =>
  Object.fromEntries(
    [...text.matchAll(pattern)].map(([, name, id]) => [name[0].toLowerCase() + name.slice(1), Number(id)]),
  );

const interfaces = {};
for (const [name, filter] of Object.entries(wanted)) {
  const found = declared.get(name);
  if (found === undefined) throw new Error(`The headers have no ${name}`);
  const start = firstIndex(found.base);
  const methods = {};
  found.methods.forEach(({ method, parameters }, index) => {
    if (!filter.test(method)) return;
    const kinds = parameters.map((parameter) => kindOf(parameter, `${name}.${method}`));
    methods[method] = [start + index, kinds.map(({ kind, isResult }) => (isResult ? `>${kind}` : kind))];
  });
  interfaces[name] = { iid: found.iid, base: found.base, methods };
}

const target = fileURLToPath(new URL('../../src/win32/interfaces.ts', import.meta.url));
writeFileSync(
  target,
  `// Made by scripts/windows/generate-interfaces.mjs; do not edit. Facts about the interfaces of UI Automation and MSAA: their ids, where their
// methods stand in the vtable (0 is QueryInterface), what these take, and after \`>\` what they give through a pointer.

export const interfaces = ${JSON.stringify(interfaces, null, 2)} as const;

/** Numbers of patterns, properties, control types and events by Microsoft's names (UIA_…PatternId …). */
export const patternIds = ${JSON.stringify(ids(/\bUIA_(\w+?)PatternId\s*=?\s*\(?(\d+)/g))} as const;
export const propertyIds = ${JSON.stringify(ids(/\bUIA_(\w+?)PropertyId\s*=?\s*\(?(\d+)/g))} as const;
export const controlTypeIds = ${JSON.stringify(ids(/\bUIA_(\w+?)ControlTypeId\s*=?\s*\(?(\d+)/g))} as const;
export const eventIds = ${JSON.stringify(ids(/\bUIA_(\w+?)EventId\s*=?\s*\(?(\d+)/g))} as const;
`,
);
execFileSync('node_modules/.bin/biome', ['format', '--write', target], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  stdio: 'inherit',
});
