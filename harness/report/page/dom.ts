/** Building elements. Text is always set as text, so names need no escaping here. */
type Attributes = Readonly<Record<string, string | number | boolean>>;
type Child = Node | string;

const setAttributes = (element: Element, attributes: Attributes): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
};

export const element = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] => {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
};

const SVG = 'http://www.w3.org/2000/svg';

export const svg = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] => {
  const made = document.createElementNS(SVG, tag);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
};

/** The page's own element; the page and this script are made together, so a missing one is a bug. */
export const byId = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element #${id}`);
  return found;
};

/** A select with one option per text, the one at `chosen` shown; `choose` gets the index. */
export const chooser = (
  label: string,
  texts: readonly string[],
  choose: (index: number) => void,
  chosen = 0,
): HTMLElement => {
  const select = element('select', {}, ...texts.map((text, index) => element('option', { value: index }, text)));
  select.selectedIndex = chosen;
  select.addEventListener('change', () => choose(select.selectedIndex));
  return element('label', { class: 'choice' }, `${label} `, select);
};

/** Radio buttons in one line. */
export const radios = (
  legend: string,
  name: string,
  texts: readonly string[],
  choose: (index: number) => void,
): HTMLElement => {
  const buttons = texts.map((text, index) => {
    const input = element('input', { type: 'radio', name, value: index, checked: index === 0 });
    input.addEventListener('change', () => choose(index));
    return element('label', {}, input, ` ${text}`);
  });
  return element('fieldset', { class: 'radios' }, element('legend', {}, legend), ...buttons);
};

export const cssColor = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
