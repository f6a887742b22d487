"""The Chinese words of reports, by the English text that stands in the builders."""

from reports.vocabulary_plans import CATEGORY, ORDERS, SCENARIOS

CHINESE = {
    # --- Frame ---
    "Contents": "目录",
    "Page {page} of {pages}": "第{page}页，共{pages}页",
    "Made with Almanac, {day}": "由 Almanac 生成，{day}",
    "No font on this machine carries {scripts}: some letters are missing here.": (
        "本机没有支持{scripts}的字体，部分文字无法显示。"
    ),
    "Chinese": "中文",
    "Japanese": "日文",
    "Korean": "韩文",
    "Arabic": "阿拉伯文",
    "Hebrew": "希伯来文",
    "Thai": "泰文",
    "Devanagari": "天城文",
    "emoji": "表情符号",
    "Notes": "说明",
    "All rows": "全部预测",
    # --- Templates ---
    "Forecast review": "预测报告",
    "Product sheet": "商品单页",
    "Model card": "模型卡",
    "{number} products": "{number}个商品",
    # --- Facts ---
    "Dataset": "数据集",
    "Forecast": "预测",
    "Measure": "指标",
    "Revenue": "销售额",
    "Units": "销量",
    "Model": "模型",
    "Scope": "范围",
    "corrected sales": "修正后的销售",
    "as one series": "合为一条序列",
    "by category": "按品类",
    "by product": "按商品",
    "by place": "按门店",
    "by product and place": "按商品和门店",
    "Trained": "训练日期",
    "{name}, sales through {period}": "{name}，销售截至{period}",
    "{model}, trained {day} ({run})": "{model}，训练于{day}（{run}）",
    "{ahead} from {first}, by {model}": "自{first}起{ahead}，模型：{model}",
    "All products": "全部商品",
    "all places": "全部门店",
    # --- Headings ---
    "Summary": "概要",
    "History and forecast": "历史与预测",
    "What moves": "主要变化",
    "Inside": "明细",
    "Exceptions": "异常提示",
    "Accuracy": "准确度",
    "Methods and data": "方法与数据",
    "Data": "数据",
    "Options": "参数",
    "Test on the past": "历史检验",
    "Calibration": "校准",
    "Limits": "局限",
    # --- Figures and columns ---
    "Last {periods}": "过去{periods}",
    "Next {periods}": "未来{periods}",
    "next {periods}": "未来{periods}",
    "vs last year": "同比去年",
    "no year before": "无去年数据",
    "Forecast error": "预测误差",
    "{model}: {error}": "{model}：{error}",
    "Bias": "偏差",
    "too high": "偏高",
    "too low": "偏低",
    "balanced": "平衡",
    "80% band held": "80%区间命中率",
    "should be 80%": "应为80%",
    "Last year": "去年",
    "Sold": "实际",
    "80% band": "80%区间",
    "a day": "按天",
    "a week": "按周",
    "a month": "按月",
    "By day": "按天",
    "By week": "按周",
    "By month": "按月",
    "the last column is the sum of all": "最后一列为合计",
    "Sum": "合计",
    "8 in 10 from": "80%下限",
    "8 in 10 to": "80%上限",
    "Change against last year": "较去年变化",
    "In numbers": "数据表",
    "Change": "变化",
    "Share": "占比",
    "Category": "品类",
    "Categories": "品类",
    "Product": "商品",
    "Products": "商品",
    "Place": "门店",
    "Places": "门店",
    "Period from": "周期起始",
    "the largest {number}": "前{number}名",
    "the last {windows} × {periods}, not seen by any model": (
        "最近{windows}次×{periods}，各模型均未见过"
    ),
    "mean price {value}": "平均价格{value}",
    "on promotion {value} of the time": "促销占{value}",
    "out of stock {value} of the time": "缺货占{value}",
    "Last {periods}: {facts}.": "过去{periods}：{facts}。",
    # --- Models ---
    "Last week's days": "上周同日",
    "Last year's weeks": "去年同周",
    "Last year's months": "去年同月",
    "Average of models": "模型平均",
    "Boosting": "梯度提升",
    "Pretrained network": "预训练网络",
    # --- Sentences ---
    "The next {ahead} bring about {value}.": "未来{ahead}预计约{value}。",
    "The next {ahead} bring about {value}, as much as last year.": (
        "未来{ahead}预计约{value}，与去年持平。"
    ),
    "The next {ahead} bring about {value}, {change} more than last year.": (
        "未来{ahead}预计约{value}，比去年多{change}。"
    ),
    "The next {ahead} bring about {value}, {change} less than last year.": (
        "未来{ahead}预计约{value}，比去年少{change}。"
    ),
    "In 8 of 10 cases it is between {low} and {high}.": "十次中有八次在{low}到{high}之间。",
    "Most is expected in {period}: about {value}, in 8 of 10 cases between {low} and {high}.": (
        "{period}最高，约{value}，十次中有八次在{low}到{high}之间。"
    ),
    "Against last year, {names} gain most.": "与去年相比，增长最多的是{names}。",
    "{names} lose most.": "下降最多的是{names}。",
    "Tested on the past ({windows} × {periods}), {model} was off by {error}.": (
        "在历史上检验（{windows}次×{periods}），{model}的误差为{error}。"
    ),
    "{model} would have been off by {error}.": "{model}的误差为{error}。",
    "The 80% band held in {held} of the periods.": "80%区间在{held}的周期内命中。",
    "Ahead: {names}.": "即将到来：{names}。",
    "Sales and the forecast of {periods}: about {value}, {change} against last year.": (
        "销售与未来{periods}预测：约{value}，同比去年{change}。"
    ),
    "Nothing changes against last year.": "与去年相比没有变化。",
    "{number} that gain or lose most.": "增减最多的{number}项。",
    "{model} was closest.": "{model}误差最小。",
    "There is too little history to test the forecast on the past.": "历史太短，无法检验预测。",
    "There is no full year before to compare with.": "没有完整的去年数据可比较。",
    "Against last year: {change}.": "同比去年：{change}。",
    # --- Exceptions ---
    "Nothing stands out.": "没有异常。",
    "Without a year before, so judged by recent sales alone: {names}.": (
        "没有去年数据，仅依据近期销售：{names}。"
    ),
    "At least 30% less than last year: {names}.": "比去年少30%以上：{names}。",
    "At least half more than last year: {names}.": "比去年多一半以上：{names}。",
    "{names} and {more} more": "{names}等，另有{more}项",
    "Out of stock on {share} of product-days in the last {periods}: what sold is less than what "
    "was wanted, and the forecast learned from it.": (
        "过去{periods}有{share}的商品日缺货：实际销售低于需求，预测也受此影响。"
    ),
    "The 80% band held in {held} of past periods: it is too narrow, so plan for more.": (
        "80%区间在历史上命中{held}：区间偏窄，请留出余量。"
    ),
    "The 80% band held in {held} of past periods: it is wider than it need be.": (
        "80%区间在历史上命中{held}：区间偏宽。"
    ),
    # --- Notes ---
    "Sales from {first} to {last}, {periods}.": "销售数据自{first}至{last}，共{periods}。",
    "{period} is not complete and left out.": "{period}不完整，未计入。",
    "A simpler method was used: {reason}.": "使用了更简单的方法：{reason}。",
    "Last year means the same weekdays 52 weeks before.": "“去年”指52周前的相同星期。",
    "Last year means the same month a year before.": "“去年”指去年的同一个月。",
    "The forecast is the mean; the band holds what happens in 8 of 10 cases.": (
        "预测为均值；区间包含十次中的八次。"
    ),
    "Forecast error (WAPE) is the sum of all errors as a share of what sold.": (
        "预测误差（WAPE）为误差总和占销售总和的比例。"
    ),
    "The parts are sums of the same run, so that every level adds up.": (
        "各部分为同一次训练结果之和，各层级相加一致。"
    ),
    "The parts add up to the forecast: each gets the share that a simple forecast of its own has "
    "in all of theirs.": "各部分相加等于总预测：每部分按其自身简单预测所占比例分摊。",
    "All others": "其他",
    "No category": "无品类",
    # --- Model card ---
    "{model} forecasts {series} series {ahead} ahead, learned from sales until {day}.": (
        "{model}对{series}条序列预测未来{ahead}，学习了截至{day}的销售。"
    ),
    "Tested on the past, it was off by {error}.": "在历史上检验，误差为{error}。",
    "What": "项目",
    "Value": "内容",
    "Series": "序列数",
    "Data until": "数据截至",
    "Snapshot": "数据指纹",
    "Known ahead": "已知的未来信息",
    "none": "无",
    "From": "来源",
    "trained here": "在此训练",
    "Horizon": "预测长度",
    "Seed": "随机种子",
    "Code": "代码版本",
    "as planned": "按计划",
    "last value": "沿用最后值",
    "zero": "零",
    "mean": "均值",
    "same season": "同季",
    "This model was not compared with others on the past.": "该模型没有在历史上与其他模型比较。",
    "Forecast error by step ahead": "各步预测误差",
    "days ahead": "提前天数",
    "weeks ahead": "提前周数",
    "months ahead": "提前月数",
    "How the error grows with the distance.": "误差随距离的变化。",
    "Promised and observed": "承诺与实际",
    "share of periods below each quantile": "低于各分位数的周期占比",
    "right": "理想",
    "observed": "实际",
    "The quantiles hold what they promise, within 3 points.": "各分位数与承诺相差不超过3个百分点。",
    "Furthest off: {observed} of periods fell below the quantile that promises {level}.": (
        "偏离最大：{observed}的周期低于承诺为{level}的分位数。"
    ),
    "Its error is not known: it was never tested on the past.": "误差未知：从未在历史上检验。",
    "Tested on {windows} only: a small sample.": "仅检验了{windows}，样本较小。",
    "1 window": "1次",
    "{number} windows": "{number}次",
    "It was not closer than {model}: use that instead.": "不比{model}更准：请改用后者。",
    "Its forecasts were {bias} too high on the whole.": "总体预测偏高{bias}。",
    "Its forecasts were {bias} too low on the whole.": "总体预测偏低{bias}。",
    "Its 80% band held {held} of past periods.": "80%区间在历史上命中{held}。",
    "It knows nothing of prices, promotions or festivals ahead.": "不了解未来的价格、促销和节日。",
    "{number} series got a simpler method: {reason}.": (
        "{number}条序列使用了更简单的方法：{reason}。"
    ),
    "It was made for {ahead} ahead; further it says nothing.": "仅用于预测未来{ahead}。",
    "It has seen no sales after {day}: what changed since, it does not know.": (
        "未见过{day}之后的销售，不了解此后的变化。"
    ),
    **CATEGORY,
    **ORDERS,
    **SCENARIOS,
}
