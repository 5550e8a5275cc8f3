import type { NumberedAnswer, SetAnswers, SetMessage, SetQuestion } from './messages.ts';
import { createSets, type Sets } from './sets.ts';

/** Keeps the sets that it is told of, and answers questions about them. */
export function createSetAnswering(): (message: SetMessage) => NumberedAnswer | undefined {
  const sets = createSets();
  return (message) => {
    if (message.kind === 'put') for (const set of message.sets) sets.put(set);
    else if (message.kind === 'forget') sets.forget(message.hostId);
    else {
      const found = find(sets, message);
      return { number: message.number, answer: { revision: sets.revision, found } };
    }
    return undefined;
  };
}

function find(sets: Sets, question: SetQuestion): SetAnswers[keyof SetAnswers] {
  switch (question.kind) {
    case 'holding':
      return sets.holding(question.ids);
    case 'lacking':
      return sets.lacking(question);
    case 'count':
      return sets.count(question.ids, question.except);
  }
}
