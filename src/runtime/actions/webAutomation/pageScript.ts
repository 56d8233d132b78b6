// What runs inside web pages: finding elements step by step, reading them, and the events of a click that no mouse makes. It is text
// and not a function, because a bundler renames and wraps functions in ways that mean nothing in a page. Talks to nothing outside.

/**
 * Source of a function without parameters that gives an object with these functions:
 * `queryAll(root, alternatives)`: the elements that the steps (`Step` of selector.ts) lead to from a document or element, in document
 * order, inside open shadow roots too when there are none outside; `read(element, name)`: an attribute as text; `press(element, type)`:
 * the events of a click; `check`, `setValue`, `options` … : the state of fields; `rowsOfDocument`, `table`: data, see extract.ts.
 */
export const pageScript: string = String.raw`() => {
  const collapse = (text) => String(text ?? '').replace(/\s+/g, ' ').trim();

  const parts = (node) => {
    if (node.nodeType === 9) return node.documentElement ? [node.documentElement] : [];
    return [...node.children, ...(node.shadowRoot ? node.shadowRoot.children : [])];
  };

  const below = (node, css, deep) => {
    const found = [...node.querySelectorAll(css)];
    if (!deep) return found;
    const roots = node.shadowRoot ? [node.shadowRoot] : [];
    for (const element of node.querySelectorAll('*')) if (element.shadowRoot) roots.push(element.shadowRoot);
    for (const root of roots) found.push(...below(root, css, deep));
    return found;
  };

  const siblings = (node) => {
    const all = [];
    for (let next = node.nextElementSibling; next; next = next.nextElementSibling) all.push(next);
    return all;
  };

  const candidates = (node, step, deep) => {
    if (step.from === 'descendant') return below(node, step.css, deep);
    const near =
      step.from === 'child' ? parts(node) : step.from === 'next' ? siblings(node).slice(0, 1) : siblings(node);
    return near.filter((element) => element.matches(step.css));
  };

  const inOrder = (elements) =>
    [...new Set(elements)].sort((a, b) => (a.compareDocumentPosition(b) & 4 ? -1 : 1));

  const visible = (element) => {
    if (element.getClientRects().length === 0) return false;
    return element.ownerDocument.defaultView.getComputedStyle(element).visibility === 'visible';
  };

  const firstVisible = (elements) => Math.max(0, elements.findIndex(visible));

  const isField = (element, type) => element.localName === 'input' && element.type === type;

  const kinds = {
    visible,
    hidden: (element) => !visible(element),
    input: (element) => element.matches('input, textarea, select, button'),
    button: (element) => element.localName === 'button' || isField(element, 'button'),
    selected: (element) => element.selected === true,
    header: (element) => /^h[1-6]$/.test(element.localName),
    parent: (element) => element.childNodes.length > 0,
  };

  const ownText = (element) =>
    collapse([...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(''));

  // What an attribute of a selector may be compared with: a text as it is seen and as it is written, a link as written and in full.
  const values = (element, name) => {
    const key = name.toLowerCase();
    if (key === 'text') return [collapse(element.innerText), collapse(element.textContent), ownText(element)];
    if (key === 'tagname') return [element.localName];
    const written = element.getAttribute(name);
    const all = written === null ? [] : [collapse(written)];
    if (['href', 'src', 'action', 'value', 'type', 'method'].includes(key)) {
      const property = element[key];
      if (typeof property === 'string') all.push(collapse(property));
    }
    if (['checked', 'disabled', 'selected', 'readonly', 'required', 'multiple'].includes(key))
      all.push(written === null ? 'False' : 'True');
    return all;
  };

  const compare = (filter, element) => {
    const found = values(element, filter.name);
    if (filter.operator === 'regularexpressionmatch') {
      const expression = new RegExp(filter.value);
      return found.some((value) => expression.test(value));
    }
    const wanted = collapse(filter.value);
    if (filter.operator === 'equalto')
      return found.includes(wanted) || (wanted === '' && found.every((value) => value === ''));
    if (filter.operator === 'notequalto') return !found.includes(wanted);
    if (filter.operator === 'contains') return found.some((value) => value.includes(wanted));
    if (filter.operator === 'startswith') return found.some((value) => value.startsWith(wanted));
    return found.some((value) => value.endsWith(wanted));
  };

  const select = (elements, filter, deep) => {
    const at = (index) => (index < 0 ? elements.length + index : index);
    switch (filter.kind) {
      case 'attribute':
        return elements.filter((element) => compare(filter, element));
      case 'contains':
        return elements.filter((element) => element.textContent.includes(filter.text));
      case 'is':
        return elements.filter((element) => (kinds[filter.what] ?? ((one) => isField(one, filter.what)))(element));
      case 'has':
        return elements.filter((element) => run(filter.steps, element, deep).length > 0);
      case 'not': {
        const root = (element) => element.getRootNode();
        return elements.filter((element) => !run(filter.steps, root(element), deep).includes(element));
      }
      case 'eq':
        return elements.slice(at(filter.index), at(filter.index) + 1 || undefined);
      case 'gt':
        return elements.slice(at(filter.index) + 1);
      case 'lt':
        return elements.slice(0, at(filter.index));
      default:
        return elements.filter((_, index) => index % 2 === (filter.kind === 'even' ? 0 : 1));
    }
  };

  const walk = (steps, root, deep) => {
    let found = [root];
    for (const step of steps) {
      const next = found.flatMap((node) => candidates(node, step, deep));
      found = found.length > 1 ? inOrder(next) : next;
      for (const filter of step.filters) found = select(found, filter, deep);
      if (found.length === 0) break;
    }
    return found;
  };

  const run = (alternatives, root, deep) => {
    const found = alternatives.map((steps) => walk(steps, root, deep));
    return found.length > 1 ? inOrder(found.flat()) : found[0] ?? [];
  };

  const queryAll = (root, alternatives) => {
    const found = run(alternatives, root, false);
    return found.length > 0 ? found : run(alternatives, root, true);
  };

  const seen = (element) => {
    if (element.localName === 'select') return collapse(element.selectedOptions[0]?.text);
    if (element.localName === 'input' || element.localName === 'textarea') return element.value;
    return (element.innerText ?? element.textContent ?? '').trim();
  };

  const read = (element, name) => {
    const key = collapse(name).toLowerCase();
    if (key === 'own text' || key === 'text') return seen(element);
    if (key === 'inner text') return (element.textContent ?? '').trim();
    if (key === 'exists') return 'True';
    if (key === 'source link') return String(element.src ?? element.getAttribute('src') ?? '');
    if (key === 'href' && typeof element.href === 'string') return element.href;
    const written = element.getAttribute(collapse(name));
    if (written !== null) return written;
    for (const property of [collapse(name), ...Object.keys(element.constructor.prototype), 'innerHTML', 'outerHTML']) {
      if (property.toLowerCase() !== key) continue;
      const value = element[property];
      if (['string', 'number'].includes(typeof value)) return String(value);
      if (typeof value === 'boolean') return value ? 'True' : 'False';
    }
    return '';
  };

  const press = (element, type) => {
    const [button, clicks] = { LeftClick: [0, 1], DoubleClick: [0, 2], MiddleClick: [1, 1], RightClick: [2, 1] }[
      type
    ] ?? [type.startsWith('Right') ? 2 : 0, 0];
    const box = element.getBoundingClientRect();
    const fire = (name, detail, constructor = MouseEvent) =>
      element.dispatchEvent(
        new constructor(name, {
          bubbles: true, cancelable: true, composed: true, view: window, button, detail,
          clientX: box.x + box.width / 2, clientY: box.y + box.height / 2,
        }),
      );
    const down = (detail) => {
      fire('pointerdown', 0, PointerEvent);
      if (fire('mousedown', detail)) element.focus?.();
    };
    const up = (detail) => {
      fire('pointerup', 0, PointerEvent);
      fire('mouseup', detail);
    };
    if (clicks === 0) {
      if (type.endsWith('Down')) down(1);
      else up(1);
      return;
    }
    fire('mouseover', 0);
    for (let click = 1; click <= clicks; click++) {
      down(click);
      up(click);
      if (button === 0) element.click ? element.click() : fire('click', click);
      else fire(button === 1 ? 'auxclick' : 'contextmenu', click);
    }
    if (clicks === 2) fire('dblclick', 2);
  };

  const changed = (element) => {
    element.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
  };

  // The values of the properties themselves, past what a framework put in front of them.
  const setValue = (element, text) => {
    const owner = element.localName === 'textarea' ? HTMLTextAreaElement : HTMLInputElement;
    if (element instanceof owner) Object.getOwnPropertyDescriptor(owner.prototype, 'value').set.call(element, text);
    else if (element.isContentEditable) element.textContent = text;
    else element.value = text;
    changed(element);
  };

  // How a text gets into an element: typed, set as a whole (pickers of dates and colours), chosen by its first letters, or not at all.
  const fieldKind = (element) => {
    if (element.localName === 'select') return element.disabled ? 'readonly' : 'select';
    if (element.isContentEditable) return 'text';
    if (element.localName !== 'textarea' && element.localName !== 'input') return 'none';
    if (element.disabled || element.readOnly) return 'readonly';
    const type = element.localName === 'input' ? element.type : 'text';
    if (['checkbox', 'radio', 'submit', 'button', 'reset', 'image', 'file', 'hidden'].includes(type)) return 'none';
    return ['date', 'time', 'datetime-local', 'month', 'week', 'color', 'range'].includes(type) ? 'picker' : 'text';
  };

  const placeCaret = (element, all) => {
    if (element.isContentEditable) {
      const range = document.createRange();
      range.selectNodeContents(element);
      if (!all) range.collapse(false);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      return element.textContent === '';
    }
    if (all) element.select();
    else if (element.selectionStart !== null) element.setSelectionRange(element.value.length, element.value.length);
    return element.value === '';
  };

  // Inside a shadow root or frame, the root around the element knows.
  const hasFocus = (element) => {
    const active = element.getRootNode().activeElement;
    if (active === null) return false;
    // The parts of a rich text have the focus when the whole has it.
    return active === element || element.contains(active) || (active.isContentEditable && active.contains(element));
  };

  const blur = (element) => element.blur();

  const options = (element, { indexes, names, expressions }) => {
    if (element.localName !== 'select') return { notList: true, missing: [], known: [] };
    const all = [...element.options];
    const wanted = new Set();
    const missing = [];
    for (const index of indexes ?? []) {
      if (all[index - 1]) wanted.add(all[index - 1]);
      else missing.push(String(index));
    }
    for (const [place, name] of (names ?? []).entries()) {
      const fits = expressions
        ? (option) => new RegExp(expressions[place]).test(collapse(option.text))
        : (option) => collapse(option.text) === collapse(name) || collapse(option.label) === collapse(name);
      const found = all.filter(fits);
      const some = found.length > 0 ? found : expressions ? [] : all.filter((option) => option.value === name);
      if (some.length === 0) missing.push(name);
      for (const option of expressions ? some : some.slice(0, 1)) wanted.add(option);
    }
    if (missing.length > 0) return { missing, known: all.map((option) => collapse(option.text)) };
    if (!element.multiple && wanted.size > 1) return { missing: [], tooMany: true, known: [] };
    if (element.multiple) for (const option of all) option.selected = wanted.has(option);
    else element.selectedIndex = wanted.size === 0 ? -1 : all.indexOf([...wanted][0]);
    changed(element);
    return { missing: [], known: [] };
  };

  // The box or button that an element is, holds or labels.
  const choice = (element, type) => {
    const fits = (one) => one && (isField(one, type) || one.getAttribute('role') === type);
    if (fits(element)) return element;
    const label = element.closest('label');
    if (label && fits(label.control)) return label.control;
    const inside = [...element.querySelectorAll('input, [role]')].filter(fits);
    return inside.length === 1 ? inside[0] : undefined;
  };

  const isChecked = (element) =>
    element.localName === 'input' ? element.checked : element.getAttribute('aria-checked') === 'true';

  const check = (element, { type, state }) => {
    const found = choice(element, type);
    if (!found) {
      if (type !== 'radio') return 'none';
      // Lists of choices are also built of other elements: pressing one chooses it.
      press(element, 'LeftClick');
      return 'done';
    }
    if (found.disabled) return 'disabled';
    if (isChecked(found) !== state) {
      // What hides the box usually shows its label instead; a click on the box itself works in either case.
      found.click();
    }
    return isChecked(found) === state ? 'done' : 'unchanged';
  };

  const place = (root, alternatives) => {
    if (alternatives.length === 0) return root;
    const direct = alternatives.map(([first, ...rest]) => [{ ...first, from: 'child' }, ...rest]);
    return run(direct, root, false)[0] ?? queryAll(root, alternatives)[0];
  };

  const cellOf = (root, column) => {
    const element = place(root, column.steps);
    if (column.attribute.trim().toLowerCase() === 'exists') return element ? 'True' : 'False';
    return element ? read(element, column.attribute) : null;
  };

  const rows = (root, { base, columns }) =>
    queryAll(root, base).map((element) => columns.map((column) => cellOf(element, column)));

  const rowsOfDocument = (element, request) => rows(element.ownerDocument, request);

  // A pager that leads on: it can be seen and is not switched off, by itself or by the look of it.
  const canPress = (element) => {
    const off = (one) =>
      one.matches('[disabled], [aria-disabled="true"], .disabled, .is-disabled') || one.disabled === true;
    return visible(element) && !off(element) && !(element.parentElement && off(element.parentElement));
  };

  const table = (element) => {
    const found = element.localName === 'table' ? element : element.closest('table') ?? element.querySelector('table');
    if (!found) return null;
    return [...found.rows].map((row) => ({
      isHeader: row.parentElement.localName === 'thead' || [...row.cells].every((cell) => cell.localName === 'th'),
      cells: [...row.cells].flatMap((cell) => [seen(cell), ...Array(Math.min(cell.colSpan, 1000) - 1).fill('')]),
    }));
  };

  const meta = (name) => document.querySelector('meta[name="' + name + '" i]')?.content ?? '';

  return { queryAll, firstVisible, read, press, setValue, fieldKind, placeCaret, hasFocus, blur, options, check, rowsOfDocument, canPress, table, meta, seen };
}`;

/** A function for `evaluate` that calls one of the script's functions with the element (or what stands for it) and an argument. */
export function pageFunction<R>(name: string): (element: unknown, argument: unknown) => R {
  return new Function('element', 'argument', `return (${pageScript})().${name}(element, argument);`) as (
    element: unknown,
    argument: unknown,
  ) => R;
}

/** The script as a selector engine for playwright, whose selectors carry URI-encoded JSON of the alternatives. */
export const selectorEngine: string = `(() => {
  const page = (${pageScript})();
  const queryAll = (root, body) => page.queryAll(root, JSON.parse(decodeURIComponent(body)));
  return { queryAll, query: (root, body) => queryAll(root, body)[0] };
})()`;
