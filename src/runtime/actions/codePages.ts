// Windows code pages: bytes of old files and console programs ⇄ text. The platform's decoder knows the pages of the web;
// the console (OEM) pages it lacks are tables here, and 866 and 1252, which some Node versions decode wrongly.

/** Characters of the bytes 0x80-0xFF; U+FFFD where a byte has no character. */
const tables: Readonly<Record<number, string>> = {
  437: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  720: '\u0080\u0081éâ\u0084à\u0086çêëèïî\u008d\u008e\u008f\u0090\u0651\u0652ô¤ـûùءآأؤ£إئابةتثجحخدذرزسشص«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ضطظعغفµقكلمنهوىي≡\u064b\u064c\u064d\u064e\u064f\u0650≈°∙·√ⁿ²■\u00a0',
  737: 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u00a0',
  775: 'ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀ÓßŌŃõÕµńĶķĻļņĒŅ’\u00ad±“¾¶§÷„°∙·¹³²■\u00a0',
  850: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
  852: 'ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u00ad˝˛ˇ˘§÷¸°¨˙űŘř■\u00a0',
  855: 'ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪаАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐└┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀ЯрРсСтТуУжЖвВьЬ№\u00adыЫзЗшШэЭщЩчЧ§■\u00a0',
  857: 'ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\ufffdÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\ufffd×ÚÛÙìÿ¯´\u00ad±\ufffd¾¶§÷¸°¨·¹³²■\u00a0',
  858: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0',
  860: 'ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  861: 'ÇüéâäàåçêëèÐðÞÄÅÉæÆôöþûÝýÖÜø£Ø₧ƒáíóúÁÍÓÚ¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  862: 'אבגדהוזחטיךכלםמןנסעףפץצקרשת¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  863: 'ÇüéâÂà¶çêëèïî‗À§ÉÈÊôËÏûù¤ÔÜ¢£ÙÛƒ¦´óú¨¸³¯Î⌐¬½¼¾«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  865: 'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒáíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
  866: 'АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёЄєЇїЎў°∙·√№¤■\u00a0',
  869: '\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdΆ\ufffd·¬¦‘’Έ―ΉΊΪΌ\ufffd\ufffdΎΫ©Ώ²³ά£έήίϊΐόύΑΒΓΔΕΖΗ½ΘΙ«»░▒▓│┤ΚΛΜΝ╣║╗╝ΞΟ┐└┴┬├─┼ΠΡ╚╔╩╦╠═╬ΣΤΥΦΧΨΩαβγ┘┌█▄δε▀ζηθικλμνξοπρσςτ΄\u00ad±υφχ§ψ΅°¨ωϋΰώ■\u00a0',
  1252: '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ',
};

/** Page number → name the platform's decoder knows. */
const platformPages: Readonly<Record<number, string>> = {
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  1200: 'utf-16le',
  1201: 'utf-16be',
  1250: 'windows-1250',
  1251: 'windows-1251',
  1253: 'windows-1253',
  1254: 'windows-1254',
  1255: 'windows-1255',
  1256: 'windows-1256',
  1257: 'windows-1257',
  1258: 'windows-1258',
  10000: 'macintosh',
  10007: 'x-mac-cyrillic',
  20866: 'koi8-r',
  20932: 'euc-jp',
  21866: 'koi8-u',
  28592: 'iso-8859-2',
  28593: 'iso-8859-3',
  28594: 'iso-8859-4',
  28595: 'iso-8859-5',
  28596: 'iso-8859-6',
  28597: 'iso-8859-7',
  28598: 'iso-8859-8',
  28603: 'iso-8859-13',
  28605: 'iso-8859-15',
  38598: 'iso-8859-8-i',
  50220: 'iso-2022-jp',
  51932: 'euc-jp',
  51949: 'euc-kr',
  54936: 'gb18030',
  65001: 'utf-8',
};

/** .NET's name of an encoding, as members of the enum `System.Encoding` spell it → page number. Only pages this file can read. */
const encodingNames: Readonly<Record<string, number>> = {
  ibm437: 437,
  dos_720: 720,
  ibm737: 737,
  ibm775: 775,
  ibm850: 850,
  ibm852: 852,
  ibm855: 855,
  ibm857: 857,
  ibm00858: 858,
  ibm860: 860,
  ibm861: 861,
  dos_862: 862,
  ibm863: 863,
  ibm865: 865,
  cp866: 866,
  ibm869: 869,
  windows_874: 874,
  shift_jis: 932,
  gb2312: 936,
  ks_c_5601_1987: 949,
  big5: 950,
  utf_16: 1200,
  utf_16be: 1201,
  windows_1250: 1250,
  windows_1251: 1251,
  windows_1252: 1252,
  windows_1253: 1253,
  windows_1254: 1254,
  windows_1255: 1255,
  windows_1256: 1256,
  windows_1257: 1257,
  windows_1258: 1258,
  macintosh: 10000,
  x_mac_cyrillic: 10007,
  us_ascii: 20127,
  koi8_r: 20866,
  euc_jp_20932: 20932,
  koi8_u: 21866,
  iso_8859_1: 28591,
  iso_8859_2: 28592,
  iso_8859_3: 28593,
  iso_8859_4: 28594,
  iso_8859_5: 28595,
  iso_8859_6: 28596,
  iso_8859_7: 28597,
  iso_8859_8: 28598,
  iso_8859_13: 28603,
  iso_8859_15: 28605,
  iso_8859_8_i: 38598,
  iso_2022_jp_50220: 50220,
  euc_jp_51932: 51932,
  euc_kr: 51949,
  gb18030: 54936,
  utf_8: 65001,
};

/** Pages of two-byte characters a Windows system may use for its texts. */
const doubleBytePages: ReadonlySet<number> = new Set([932, 936, 949, 950]);

/** Number of the code page a member of `System.Encoding` names; undefined when this file cannot read that page. */
export function codePageOf(member: string): number | undefined {
  return encodingNames[member.toLowerCase()];
}

/** Text of `bytes`; what a page does not define becomes U+FFFD. Throws a RangeError for a page this file does not know. */
export function decodeCodePage(bytes: Uint8Array, page: number): string {
  return codePageDecoder(page)(bytes, true);
}

/** `decodeCodePage` for bytes that come in pieces, which may cut a character in two. A byte order mark at the start is left out. */
export function codePageDecoder(page: number): (bytes: Uint8Array, isLast: boolean) => string {
  if (page === 20127) return (bytes) => decodeTable(bytes, '?'.repeat(128));
  if (page === 28591) {
    return (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }
  const table = tables[page];
  if (table !== undefined) return (bytes) => decodeTable(bytes, table);
  const name = platformPages[page];
  if (name === undefined) throw new RangeError(`code page ${page} is not known`);
  const decoder = new TextDecoder(name);
  return (bytes, isLast) => decoder.decode(bytes, { stream: !isLast });
}

/** Bytes of `text` in one of Windows' text pages; what the page lacks becomes `?` for each code unit, as .NET writes it. Throws a RangeError for other pages. */
export function encodeCodePage(text: string, page: number): Uint8Array {
  if (page === 65001) return new TextEncoder().encode(text);
  const table = page === 20127 ? undefined : encodingTable(page);
  const bytes = new Uint8Array(text.length * (doubleBytePages.has(page) ? 2 : 1));
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const code = unit < 0x80 ? unit : (table?.[unit] ?? 0);
    if (code > 0xff) bytes[size++] = code >> 8;
    bytes[size++] = code === 0 && unit !== 0 ? 0x3f : code;
  }
  return bytes.subarray(0, size);
}

/** `upper`: the characters of the bytes from 0x80 on, none of them outside the basic plane. */
function decodeTable(bytes: Uint8Array, upper: string): string {
  const units = new Uint16Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    units[at] = byte < 0x80 ? byte : upper.charCodeAt(byte - 0x80);
  }
  return Buffer.from(units.buffer).toString('utf16le');
}

const encodingTables = new Map<number, Uint16Array>();

/** Character → byte, or lead byte × 256 + trail byte, 0 for none; found by decoding every code of the page once. */
function encodingTable(page: number): Uint16Array {
  const known = encodingTables.get(page);
  if (known !== undefined) return known;
  const table = new Uint16Array(0x10000);
  const add = (code: number, bytes: number[]) => {
    const character = decodeCodePage(Uint8Array.from(bytes), page);
    const unit = character.charCodeAt(0);
    if (character.length === 1 && character !== '\ufffd' && table[unit] === 0) table[unit] = code;
  };
  for (let byte = 0x80; byte <= 0xff; byte++) add(byte, [byte]);
  if (doubleBytePages.has(page)) {
    for (let lead = 0x81; lead <= 0xfe; lead++) {
      for (let trail = 0x40; trail <= 0xfe; trail++) add(lead * 256 + trail, [lead, trail]);
    }
  }
  encodingTables.set(page, table);
  return table;
}
