// The regular expression an action is given, with the error every such action documents.
import { ActionError } from '../action.ts';
import { NetRegex, PatternError } from '../dotnet/regex.ts';

/** A compiled .NET pattern. Throws `InvalidRegularExpressionError`. */
export function pattern(text: string, ignoreCase: boolean): NetRegex {
  try {
    return new NetRegex(text, { ignoreCase });
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new ActionError(
      'InvalidRegularExpressionError',
      `The regular expression '${text}' cannot be used: ${error.message}.`,
      'Correct the expression; "Escape text for regular expression" makes any text match itself.',
      { cause: error },
    );
  }
}
