// UI Automation's client: elements, conditions, walkers, cached reads, patterns and events, typed. Searches by no selector and decides
// nothing; time limits of slow providers are those of `setTimeouts`.

import { Com, createObject, implement, isGone, type Releasable, type VariantValue } from './com.ts';
import { failedWith, results, WindowsError } from './errors.ts';
import type { Handle } from './ffi.ts';
import { controlTypeIds, eventIds, patternIds, propertyIds } from './interfaces.ts';
import type { Point, Rectangle } from './windows.ts';

export type PropertyName = keyof typeof propertyIds;
export type ControlType = keyof typeof controlTypeIds;
export type EventName = keyof typeof eventIds;

/** Which elements, seen from one (TreeScope). */
export const scopes = { element: 1, children: 2, descendants: 4, subtree: 7 } as const;

export type Condition = Com<'IUIAutomationCondition'>;
export type CacheRequest = Com<'IUIAutomationCacheRequest'>;
type ComElement = Com<'IUIAutomationElement'>;

/** Patterns that elements are asked for; the table of interfaces.ts has their methods. */
const patterns = {
  invoke: 'IUIAutomationInvokePattern',
  value: 'IUIAutomationValuePattern',
  toggle: 'IUIAutomationTogglePattern',
  selection: 'IUIAutomationSelectionPattern',
  selectionItem: 'IUIAutomationSelectionItemPattern',
  expandCollapse: 'IUIAutomationExpandCollapsePattern',
  scroll: 'IUIAutomationScrollPattern',
  scrollItem: 'IUIAutomationScrollItemPattern',
  grid: 'IUIAutomationGridPattern',
  gridItem: 'IUIAutomationGridItemPattern',
  table: 'IUIAutomationTablePattern',
  tableItem: 'IUIAutomationTableItemPattern',
  text: 'IUIAutomationTextPattern',
  window: 'IUIAutomationWindowPattern',
  transform: 'IUIAutomationTransformPattern',
  rangeValue: 'IUIAutomationRangeValuePattern',
  legacyIAccessible: 'IUIAutomationLegacyIAccessiblePattern',
  virtualizedItem: 'IUIAutomationVirtualizedItemPattern',
  itemContainer: 'IUIAutomationItemContainerPattern',
  multipleView: 'IUIAutomationMultipleViewPattern',
  dock: 'IUIAutomationDockPattern',
} as const satisfies Partial<Record<keyof typeof patternIds, string>>;
export type PatternName = keyof typeof patterns;
export type Pattern<P extends PatternName> = Com<(typeof patterns)[P]>;

/** States that patterns give as numbers. */
export const toggleStates = ['off', 'on', 'mixed'] as const;
export const expandStates = ['collapsed', 'expanded', 'partial', 'leaf'] as const;
export const visualStates = ['normal', 'maximized', 'minimized'] as const;

/** What a search mostly needs of an element. */
export interface UiaFacts {
  readonly controlType: ControlType | 'unknown';
  readonly name: string;
  readonly className: string;
  readonly automationId: string;
  readonly frameworkId: string;
  readonly processId: number;
  readonly nativeWindow: Handle;
  readonly rectangle: Rectangle;
  readonly isEnabled: boolean;
  readonly isOffscreen: boolean;
  readonly isPassword: boolean;
  readonly hasFocus: boolean;
}

/** Properties that `facts` reads: a cache request with them makes it one round trip for many elements. */
export const factProperties: readonly PropertyName[] = [
  'controlType',
  'name',
  'className',
  'automationId',
  'frameworkId',
  'processId',
  'nativeWindowHandle',
  'boundingRectangle',
  'isEnabled',
  'isOffscreen',
  'isPassword',
  'hasKeyboardFocus',
];

const controlTypes: ReadonlyMap<number, ControlType> = new Map(
  Object.entries(controlTypeIds).map(([name, id]) => [id, name as ControlType]),
);

/** Value of a call, or `otherwise` where a provider does not implement it. */
function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (failedWith(error, results.notImplemented) || failedWith(error, results.invalidArgument))
      return otherwise;
    throw error;
  }
}

/** An element of UI Automation. Its owner releases it. Calls on one that is gone throw WindowsError 0x80040201. */
export class Element implements Releasable {
  readonly com: ComElement;

  constructor(com: ComElement) {
    this.com = com;
  }

  /** Read now, or, with `isCached`, what a cache request brought along. What a provider does not implement is empty. */
  facts(isCached = false): UiaFacts {
    const { com } = this;
    const nowhere: Rectangle = { x: 0, y: 0, width: 0, height: 0 };
    if (isCached) {
      return {
        controlType: controlTypes.get(orElse(() => com.call('get_CachedControlType'), 0)) ?? 'unknown',
        name: orElse(() => com.call('get_CachedName'), ''),
        className: orElse(() => com.call('get_CachedClassName'), ''),
        automationId: orElse(() => com.call('get_CachedAutomationId'), ''),
        frameworkId: orElse(() => com.call('get_CachedFrameworkId'), ''),
        processId: orElse(() => com.call('get_CachedProcessId'), 0),
        nativeWindow: orElse(() => com.call('get_CachedNativeWindowHandle'), 0),
        rectangle: orElse(() => com.call('get_CachedBoundingRectangle'), nowhere),
        isEnabled: orElse(() => com.call('get_CachedIsEnabled'), true),
        isOffscreen: orElse(() => com.call('get_CachedIsOffscreen'), false),
        isPassword: orElse(() => com.call('get_CachedIsPassword'), false),
        hasFocus: orElse(() => com.call('get_CachedHasKeyboardFocus'), false),
      };
    }
    return {
      controlType: this.controlType,
      name: this.name,
      className: this.className,
      automationId: this.automationId,
      frameworkId: orElse(() => com.call('get_CurrentFrameworkId'), ''),
      processId: orElse(() => com.call('get_CurrentProcessId'), 0),
      nativeWindow: this.nativeWindow,
      rectangle: this.rectangle,
      isEnabled: this.isEnabled,
      isOffscreen: this.isOffscreen,
      isPassword: this.isPassword,
      hasFocus: orElse(() => com.call('get_CurrentHasKeyboardFocus'), false),
    };
  }

  get controlType(): ControlType | 'unknown' {
    return controlTypes.get(this.com.call('get_CurrentControlType')) ?? 'unknown';
  }
  get name(): string {
    return orElse(() => this.com.call('get_CurrentName'), '');
  }
  get className(): string {
    return orElse(() => this.com.call('get_CurrentClassName'), '');
  }
  get automationId(): string {
    return orElse(() => this.com.call('get_CurrentAutomationId'), '');
  }
  get nativeWindow(): Handle {
    return orElse(() => this.com.call('get_CurrentNativeWindowHandle'), 0);
  }
  get rectangle(): Rectangle {
    return this.com.call('get_CurrentBoundingRectangle');
  }
  get isEnabled(): boolean {
    return orElse(() => this.com.call('get_CurrentIsEnabled'), true);
  }
  get isOffscreen(): boolean {
    return orElse(() => this.com.call('get_CurrentIsOffscreen'), false);
  }
  get isPassword(): boolean {
    return orElse(() => this.com.call('get_CurrentIsPassword'), false);
  }
  /** Numbers that no other element of the desktop has at the same time. */
  get runtimeId(): readonly number[] {
    return orElse(() => this.com.call('GetRuntimeId') as readonly number[], []);
  }

  /** Any property; undefined when the element does not have it. Objects in it (labels …) are released and left out. */
  property(name: PropertyName, isCached = false): Exclude<VariantValue, Com> {
    const method = isCached ? 'GetCachedPropertyValue' : 'GetCurrentPropertyValue';
    const value = orElse(() => this.com.call(method, propertyIds[name]), undefined);
    if (value instanceof Com) {
      value.release();
      return undefined;
    }
    if (Array.isArray(value))
      for (const part of value as VariantValue[]) if (part instanceof Com) part.release();
    return value as Exclude<VariantValue, Com>;
  }

  /** First element of the scope, in the order of the tree. */
  find(scope: number, condition: Condition, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.com.call('FindFirst', scope, condition)
        : this.com.call('FindFirstBuildCache', scope, condition, request),
    );
  }

  /** All elements of the scope, in the order of the tree. */
  findAll(scope: number, condition: Condition, request?: CacheRequest): Element[] {
    return elementsOf(
      request === undefined
        ? this.com.call('FindAll', scope, condition)
        : this.com.call('FindAllBuildCache', scope, condition, request),
    );
  }

  /** The same element with what a request asks for read anew. */
  updated(request: CacheRequest): Element | undefined {
    return wrapped(this.com.call('BuildUpdatedCache', request));
  }

  /** Children that a request with the scope `children` or `subtree` brought along. */
  cachedChildren(): Element[] {
    return elementsOf(orElse(() => this.com.call('GetCachedChildren'), undefined));
  }

  /** What the element can do in one respect; undefined when it cannot. To be released. */
  pattern<P extends PatternName>(name: P): Pattern<P> | undefined {
    const found = orElse(() => this.com.call('GetCurrentPattern', patternIds[name]), undefined);
    if (found === undefined) return undefined;
    try {
      return found.query(patterns[name]);
    } finally {
      found.release();
    }
  }

  /** Runs `use` with a pattern and releases it; undefined when the element does not have it. */
  withPattern<P extends PatternName, R>(name: P, use: (pattern: Pattern<P>) => R): R | undefined {
    const pattern = this.pattern(name);
    if (pattern === undefined) return undefined;
    try {
      return use(pattern);
    } finally {
      pattern.release();
    }
  }

  has(name: PatternName): boolean {
    return this.withPattern(name, () => true) ?? false;
  }

  setFocus(): void {
    this.com.call('SetFocus');
  }

  /** A point of the screen that a click of the element's own provider says to be right. */
  clickablePoint(): Point | undefined {
    const [point, isThere] = orElse(() => this.com.call('GetClickablePoint'), [{ x: 0, y: 0 }, false] as [
      Point,
      boolean,
    ]);
    return isThere ? point : undefined;
  }

  release(): void {
    this.com.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function wrapped(com: ComElement | undefined): Element | undefined {
  return com === undefined ? undefined : new Element(com);
}

/** Takes a list of UI Automation apart and releases it. */
export function elementsOf(array: Com<'IUIAutomationElementArray'> | undefined): Element[] {
  if (array === undefined) return [];
  try {
    const length = array.call('get_Length');
    const elements: Element[] = [];
    for (let index = 0; index < length; index += 1) {
      const element = array.call('GetElement', index);
      if (element !== undefined) elements.push(new Element(element));
    }
    return elements;
  } finally {
    array.release();
  }
}

/** Steps from element to element; a request may come along with each. */
export class Walker implements Releasable {
  readonly #com: Com<'IUIAutomationTreeWalker'>;

  constructor(com: Com<'IUIAutomationTreeWalker'>) {
    this.#com = com;
  }

  parent({ com }: Element, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('GetParentElement', com)
        : this.#com.call('GetParentElementBuildCache', com, request),
    );
  }
  firstChild({ com }: Element, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('GetFirstChildElement', com)
        : this.#com.call('GetFirstChildElementBuildCache', com, request),
    );
  }
  lastChild({ com }: Element, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('GetLastChildElement', com)
        : this.#com.call('GetLastChildElementBuildCache', com, request),
    );
  }
  next({ com }: Element, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('GetNextSiblingElement', com)
        : this.#com.call('GetNextSiblingElementBuildCache', com, request),
    );
  }
  previous({ com }: Element, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('GetPreviousSiblingElement', com)
        : this.#com.call('GetPreviousSiblingElementBuildCache', com, request),
    );
  }

  release(): void {
    this.#com.release();
  }
}

/** What a cache request reads: of which elements, which properties and patterns. */
export interface Caching {
  readonly properties?: readonly PropertyName[];
  readonly patterns?: readonly PatternName[];
  /** From `scopes`; `element` unless said otherwise. */
  readonly scope?: number;
  /** Which elements of the scope; those of the control view unless said otherwise. */
  readonly filter?: Condition;
  /** Elements that come cannot be used for anything but their cached values; saves time. */
  readonly isWithoutReference?: boolean;
}

const classIds = {
  /** Windows 8 and later: with time limits. */
  automation8: 'e22ad333-b25f-460c-83d0-0581107395c9',
  automation: 'ff48dba4-60ef-4201-aa87-54103eef594e',
} as const;

/** The client of UI Automation. `initializeCom` comes first, in the same thread. */
export class Automation implements Releasable {
  readonly #com: Com<'IUIAutomation'>;

  private constructor(com: Com<'IUIAutomation'>) {
    this.#com = com;
  }

  static create(): Automation {
    try {
      return new Automation(createObject(classIds.automation8, 'IUIAutomation'));
    } catch (error) {
      if (!(error instanceof WindowsError)) throw error;
      return new Automation(createObject(classIds.automation, 'IUIAutomation'));
    }
  }

  /**
   * How long programs may take to answer, in ms: to connect, and for one call. False where this Windows has no such limits. Focus stays
   * where it is when values are set.
   */
  setTimeouts(connection: number, transaction: number): boolean {
    const second = this.#com.query('IUIAutomation2');
    if (second === undefined) return false;
    try {
      second.call('put_ConnectionTimeout', connection);
      second.call('put_TransactionTimeout', transaction);
      second.call('put_AutoSetFocus', false);
      return true;
    } finally {
      second.release();
    }
  }

  root(): Element {
    return new Element(required(this.#com.call('GetRootElement'), 'GetRootElement'));
  }
  fromWindow(handle: Handle, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('ElementFromHandle', handle)
        : this.#com.call('ElementFromHandleBuildCache', handle, request),
    );
  }
  fromPoint(point: Point, request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('ElementFromPoint', point)
        : this.#com.call('ElementFromPointBuildCache', point, request),
    );
  }
  focused(request?: CacheRequest): Element | undefined {
    return wrapped(
      request === undefined
        ? this.#com.call('GetFocusedElement')
        : this.#com.call('GetFocusedElementBuildCache', request),
    );
  }
  same(a: Element, b: Element): boolean {
    return this.#com.call('CompareElements', a.com, b.com);
  }

  // Conditions; each is to be released

  everything(): Condition {
    return required(this.#com.call('CreateTrueCondition'), 'CreateTrueCondition');
  }
  controlView(): Condition {
    return required(this.#com.call('get_ControlViewCondition'), 'get_ControlViewCondition');
  }
  contentView(): Condition {
    return required(this.#com.call('get_ContentViewCondition'), 'get_ContentViewCondition');
  }
  rawView(): Condition {
    return required(this.#com.call('get_RawViewCondition'), 'get_RawViewCondition');
  }
  where(property: PropertyName, value: boolean | number | string, isCaseIgnored = false): Condition {
    const flags = isCaseIgnored ? 1 : 0;
    const found =
      flags === 0
        ? this.#com.call('CreatePropertyCondition', propertyIds[property], value)
        : this.#com.call('CreatePropertyConditionEx', propertyIds[property], value, flags);
    return required(found, 'CreatePropertyCondition');
  }
  both(a: Condition, b: Condition): Condition {
    return required(this.#com.call('CreateAndCondition', a, b), 'CreateAndCondition');
  }
  either(a: Condition, b: Condition): Condition {
    return required(this.#com.call('CreateOrCondition', a, b), 'CreateOrCondition');
  }
  not(condition: Condition): Condition {
    return required(this.#com.call('CreateNotCondition', condition), 'CreateNotCondition');
  }

  walker(condition: Condition): Walker {
    return new Walker(required(this.#com.call('CreateTreeWalker', condition), 'CreateTreeWalker'));
  }
  controlWalker(): Walker {
    return new Walker(required(this.#com.call('get_ControlViewWalker'), 'get_ControlViewWalker'));
  }
  rawWalker(): Walker {
    return new Walker(required(this.#com.call('get_RawViewWalker'), 'get_RawViewWalker'));
  }

  cacheRequest(caching: Caching): CacheRequest {
    const request = required(this.#com.call('CreateCacheRequest'), 'CreateCacheRequest');
    try {
      for (const name of caching.properties ?? []) request.call('AddProperty', propertyIds[name]);
      for (const name of caching.patterns ?? []) request.call('AddPattern', patternIds[name]);
      if (caching.scope !== undefined) request.call('put_TreeScope', caching.scope);
      if (caching.filter !== undefined) request.call('put_TreeFilter', caching.filter);
      if (caching.isWithoutReference === true) request.call('put_AutomationElementMode', 0);
      return request;
    } catch (error) {
      request.release();
      throw error;
    }
  }

  // Events: an element is released when its handler comes back. Adding and removing serves the event loop meanwhile.

  async onFocus(heard: (element: Element) => void, failed: (error: unknown) => void): Promise<Subscription> {
    const handler = implement(
      'IUIAutomationFocusChangedEventHandler',
      { HandleFocusChangedEvent: (sender) => withElement(sender, heard) },
      failed,
    );
    return this.#subscribe(
      handler,
      () => this.#com.callAside('AddFocusChangedEventHandler', undefined, handler),
      () => this.#com.callAside('RemoveFocusChangedEventHandler', handler),
    );
  }

  async onEvent(
    event: EventName,
    element: Element,
    scope: number,
    heard: (element: Element) => void,
    failed: (error: unknown) => void,
  ): Promise<Subscription> {
    const id = eventIds[event];
    const handler = implement(
      'IUIAutomationEventHandler',
      { HandleAutomationEvent: (sender) => withElement(sender, heard) },
      failed,
    );
    return this.#subscribe(
      handler,
      () => this.#com.callAside('AddAutomationEventHandler', id, element.com, scope, undefined, handler),
      () => this.#com.callAside('RemoveAutomationEventHandler', id, element.com, handler),
    );
  }

  async onChange(
    properties: readonly PropertyName[],
    element: Element,
    scope: number,
    heard: (element: Element, property: number, value: VariantValue) => void,
    failed: (error: unknown) => void,
  ): Promise<Subscription> {
    const ids = properties.map((name) => propertyIds[name]);
    const handler = implement(
      'IUIAutomationPropertyChangedEventHandler',
      {
        HandlePropertyChangedEvent: (sender, property, value) =>
          withElement(sender, (source) => heard(source, property, value)),
      },
      failed,
    );
    return this.#subscribe(
      handler,
      () =>
        this.#com.callAside(
          'AddPropertyChangedEventHandlerNativeArray',
          element.com,
          scope,
          undefined,
          handler,
          ids,
          ids.length,
        ),
      () => this.#com.callAside('RemovePropertyChangedEventHandler', element.com, handler),
    );
  }

  async onStructure(
    element: Element,
    scope: number,
    heard: (element: Element, change: number) => void,
    failed: (error: unknown) => void,
  ): Promise<Subscription> {
    const handler = implement(
      'IUIAutomationStructureChangedEventHandler',
      {
        HandleStructureChangedEvent: (sender, change) =>
          withElement(sender, (source) => heard(source, change)),
      },
      failed,
    );
    return this.#subscribe(
      handler,
      () => this.#com.callAside('AddStructureChangedEventHandler', element.com, scope, undefined, handler),
      () => this.#com.callAside('RemoveStructureChangedEventHandler', element.com, handler),
    );
  }

  async #subscribe(
    handler: Com,
    add: () => Promise<unknown>,
    remove: () => Promise<unknown>,
  ): Promise<Subscription> {
    try {
      await add();
    } catch (error) {
      handler.release();
      throw error;
    }
    return {
      async end() {
        try {
          await remove();
        } finally {
          handler.release();
        }
      },
    };
  }

  release(): void {
    this.#com.release();
  }
}

/** Events that are heard until `end`. */
export interface Subscription {
  end(): Promise<void>;
}

function withElement(sender: ComElement | undefined, heard: (element: Element) => void): void {
  if (sender === undefined) return;
  const element = new Element(sender);
  try {
    heard(element);
  } catch (error) {
    // Events come late: what they tell of may be gone by then, which is no failure of whoever listens.
    if (!(error instanceof WindowsError && error.isResult && isGone(error.number))) throw error;
  } finally {
    element.release();
  }
}

function required<T extends Com>(com: T | undefined, call: string): T {
  if (com !== undefined) return com;
  throw new WindowsError(
    'WindowsCallFailed',
    `IUIAutomation.${call}`,
    0,
    true,
    `IUIAutomation.${call} gave nothing.`,
  );
}
