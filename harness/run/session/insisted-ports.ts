import { fixedReadyPorts, type Scenario } from '../../model/index.ts';

/** Ports the service insists on, as far as the scenario knows them. */
export const insistedOn = (scenario: Scenario): readonly number[] => {
  const { port, sides } = scenario.target;
  if (sides === 'alternate') return [];
  return [...new Set([...(port === null ? [] : [port]), ...fixedReadyPorts(scenario)])];
};
