// What the page says, in each language. A further language is one more entry with the same keys.

const superscript = (exponent) => String(exponent).replace("-", "⁻").replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]);

function tiny(value) {
  if (value === 0) return "0";
  const [factor, exponent] = value.toExponential(0).split("e");
  return `${factor}\u00a0·\u00a010${superscript(Number(exponent))}`; // not to be broken between lines
}

export const WORDS = {
  en: {
    title: "Draw a digit",
    drawing: "Your drawing",
    paper: "Paper to draw a digit on, with mouse, pen or finger",
    hint: "Draw one digit from 0 to 9, with mouse, pen or finger.",
    undo: "Undo",
    clear: "Clear",
    answer: "What the network says",
    certain: (share) => `probability ${share}`,
    spoken: (digit, share) => `It is ${digit === 8 ? "an" : "a"} ${digit}, probability ${share}.`,
    empty: "Nothing is drawn.",
    why: "Why",
    picture: "What the network sees: scaled and centred like MNIST’s digits",
    gradient: "∂score/∂pixel: where ink counts",
    gradientOf: (digit) => `∂score of ${digit} / ∂pixel: where ink counts`,
    more: (digit) => `more ink here speaks for ${digit ?? "it"}`,
    less: (digit) => `more ink here speaks against ${digit ?? "it"}`,
    checking: "Being checked: each pixel is moved a little, and the score measured …",
    agree: (r) => `Checked: backpropagation and central differences agree to ${tiny(r.difference)}${places(r)}.`,
    disagree: (r) =>
      `WRONG: backpropagation and central differences differ by ${tiny(r.difference)} of the largest entry${places(r)}.`,
    undecided: "Undecided: the central differences are not exact enough here to tell.",
    kinks: (n) => ` ${n} ${n === 1 ? "pixel lies" : "pixels lie"} at a kink, where there is no one slope to compare with.`,
    places: (r) => (r.pixels === r.of ? `, in all ${r.of} pixels` : `, in ${r.pixels} of ${r.of} pixels`),
    gone: "No answer: the program has ended. Start gradcheck draw again, and open its new address.",
    refused: (reason) => `The drawing was refused: ${reason}`,
    other: "中文",
  },
  zh: {
    title: "手写一个数字",
    drawing: "你的图",
    paper: "画板：用鼠标、笔或手指写一个数字",
    hint: "用鼠标、笔或手指写一个 0 到 9 的数字。",
    undo: "撤销",
    clear: "清除",
    answer: "网络的回答",
    certain: (share) => `概率 ${share}`,
    spoken: (digit, share) => `这是 ${digit}，概率 ${share}。`,
    empty: "还没有画。",
    why: "为什么",
    picture: "网络看到的图：像 MNIST 那样缩放并居中",
    gradient: "∂得分/∂像素：哪里的笔迹起作用",
    gradientOf: (digit) => `∂(${digit} 的得分)/∂像素：哪里的笔迹起作用`,
    more: (digit) => `这里笔迹越多，越像 ${digit ?? "它"}`,
    less: (digit) => `这里笔迹越多，越不像 ${digit ?? "它"}`,
    checking: "正在验证：逐个微调像素，测量得分……",
    agree: (r) => `已验证：反向传播与中心差分相差不超过 ${tiny(r.difference)}${places(r)}。`,
    disagree: (r) => `错误：反向传播与中心差分相差达最大梯度的 ${tiny(r.difference)}${places(r)}。`,
    undecided: "无法判定：此处的中心差分不够精确。",
    kinks: (n) => `另有 ${n} 个像素位于折点，那里没有唯一的斜率可比。`,
    places: (r) => (r.pixels === r.of ? `（全部 ${r.of} 个像素）` : `（${r.of} 个像素中的 ${r.pixels} 个）`),
    gone: "没有回应：程序已经结束。请重新运行 gradcheck draw，并打开新的地址。",
    refused: (reason) => `请求被拒绝：${reason}`,
    other: "English",
  },
};

let language = "en";

function places(result) {
  return WORDS[language].places(result);
}

export function words() {
  return WORDS[language];
}

export function currentLanguage() {
  return language;
}

export function chooseLanguage(code) {
  language = code in WORDS ? code : "en";
}
