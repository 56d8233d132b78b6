// Access lists of Windows: what is private, and who is an other.
import { describe, expect, it } from 'vitest';
import { othersIn, ownerIn, privateAccess } from '../../src/agent/access.ts';

const user = 'S-1-5-21-1-2-3-1001';

describe('an access list', () => {
  it('is private for one account', () => {
    expect(privateAccess(user, 'file')).toBe(`D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;${user})`);
    expect(privateAccess('S-1-5-18', 'folder')).toBe('D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)');
    for (const kind of ['file', 'folder'] as const)
      expect(othersIn(privateAccess(user, kind), user)).toEqual([]);
  });

  it.each([
    ['O:BAD:PAI(A;;FA;;;SY)(A;ID;FA;;;S-1-5-32-544)', []],
    [`D:AI(A;ID;0x1200a9;;;BU)(A;ID;FA;;;${user})(A;ID;FR;;;WD)(A;ID;FR;;;WD)`, ['BU', 'WD']],
    ['D:(A;OICIIO;FA;;;CO)(A;;FA;;;OW)', []],
    ['D:(D;;FA;;;WD)(A;;FA;;;SY)', []],
    ['D:(A;;FR;;;S-1-5-21-1-2-3-1002)', ['S-1-5-21-1-2-3-1002']],
    ['D:(XA;;FR;;;AU;(@User.clearance > 1))', ['AU']],
    ['D:', []],
    ['D:NO_ACCESS_CONTROL', ['WD']],
    ['O:BAG:BA', ['WD']],
  ])('%s gives something to %j', (sddl, others) => {
    expect(othersIn(sddl, user)).toEqual(others);
  });

  it('knows the first administrator by both names', () => {
    const list = 'O:LAD:(A;;FA;;;LA)';
    expect(othersIn(list, 'S-1-5-21-1-2-3-500')).toEqual([]);
    expect(othersIn(list, user)).toEqual(['LA']);
    expect(ownerIn(list)).toBe('LA');
    expect(ownerIn(`O:${user}G:BAD:`)).toBe(user);
  });
});
