/** Figures of a frame or function as text. */
import { formatPercent, formatQuantity, formatSignedPercent, formatSignedQuantity } from '../../units/index.ts';
import type { FlameData } from '../render/page-data.ts';
import { deltaOf, type FlameModel, isNew, isVanished, nameOf } from './flame-model.ts';

export const amount = (data: FlameData, value: number): string => formatQuantity(value, data.unit);

export const signedAmount = (data: FlameData, value: number): string => formatSignedQuantity(value, data.unit);

export const suffix = (data: FlameData): string => (data.perRequest ? ' per request' : '');

const shareOf = (value: number, total: number | undefined): string => (total ? formatPercent(value / total) : '–');

/** Lines of the tooltip, also read aloud: name, both sides, difference, its interval. */
export const describe = (model: FlameModel, node: number): readonly string[] => {
  const { data } = model;
  const name = nameOf(model, node);
  const base = model.base[node] ?? 0;
  const head = model.head[node] ?? 0;
  const total = model.base[0] ?? 0;
  const state = isNew(model, node) ? ' (new)' : isVanished(model, node) ? ' (vanished)' : '';
  const impact = data.impacts[name];
  return [
    `${name}${state}`,
    `base ${amount(data, base)}${suffix(data)} (${shareOf(base, total)})`,
    `head ${amount(data, head)}${suffix(data)} (${shareOf(head, model.head[0])})`,
    `difference ${signedAmount(data, deltaOf(model, node))} (${total ? formatSignedPercent(deltaOf(model, node) / total) : '–'} of the base)`,
    ...(impact === undefined
      ? []
      : [`own cost as compared: ${impact} of ${data.perRequest ? 'a base request' : 'all on base'}`]),
  ];
};
