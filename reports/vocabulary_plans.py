"""The Chinese words of reviews of categories, of orders and of scenarios."""

CATEGORY = {
    "Category review": "品类回顾",
    "Period": "期间",
    "Against last year": "与去年比较",
    "What moved": "商品变化",
    "Range": "商品结构",
    "Season": "季节性",
    "Festivals ahead": "即将到来的节日",
    "This year": "今年",
    "Volume": "销量",
    "Price": "价格",
    "Mix": "结构",
    "Sold more": "多卖",
    "Sold less": "少卖",
    "New": "新品",
    "Gone": "停售",
    "Sold in the period: {value}. There is no year before.": "期间销售{value}。没有去年数据。",
    "Sold in the period: {value}, {change} against last year ({difference}).": (
        "期间销售{value}，同比去年{change}（{difference}）。"
    ),
    "The change is made of: {parts}.": "变化构成：{parts}。",
    "{name} gained most.": "增长最多的是{name}。",
    "{name} lost most.": "下降最多的是{name}。",
    "{name} comes on {day}; in the past it sold {times} the usual.": (
        "{day}将迎来{name}；以往销售为平时的{times}。"
    ),
    "Mean price": "平均价格",
    "Products sold": "在售商品",
    "{new} new, {gone} gone": "新品{new}个，停售{gone}个",
    "Out of stock": "缺货",
    "of product-days": "占商品日",
    "This year beside last year: {value} against {before}.": "今年{value}，去年{before}。",
    "What the change is made of": "变化构成",
    "the parts add up": "各部分相加等于总变化",
    "The parts of the change against last year.": "同比变化的各部分。",
    "Products by class": "各类商品数",
    "A sells 80%, B the next 15%; X is steady, Z erratic": (
        "A占销售的80%，B占其后15%；X平稳，Z波动大"
    ),
    "Class": "类别",
    "too new": "过新",
    "{number} of {all} products bring 80% of the sales.": (
        "{all}个商品中有{number}个贡献80%的销售。"
    ),
    "{number} of them sell steadily and need little attention.": (
        "其中{number}个销售平稳，无需多关注。"
    ),
    "A yearly season cannot be told before two full years.": "满两年之前无法判断年度季节性。",
    "Yearly season: {strength}, {number} of 100.": (
        "年度季节性：{strength}，{number}分（满分100）。"
    ),
    "Most sells in {month}.": "{month}销售最多。",
    "Weekly season: {strength}, {number} of 100.": "周内规律：{strength}，{number}分（满分100）。",
    "{day} is the best day, {above} against a mean day.": "{day}最好，比平均日{above}。",
    "Trend: {change} a year since {month}.": "趋势：自{month}起每年{change}。",
    "strong": "强",
    "moderate": "中等",
    "weak": "弱",
    "No festival in the calendar for the next weeks.": "未来几周日历中没有节日。",
    "What they did before": "以往影响",
    "times what is usual without them, on their own days; what they add, with the days before and "
    "after": "节日当天销售与平时之比；预计增加含前后几天",
    "Festival": "节日",
    "First day": "首日",
    "Times usual": "平时的倍数",
    "Seen": "次数",
    "Adds about": "预计增加",
    "Effect": "影响",
    "never measured": "未曾测量",
    "could be chance": "可能是偶然",
    "sells more": "多卖",
    "more, with less around it": "当天多卖，前后少卖",
    "less, with more around it": "当天少卖，前后多卖",
    "sells less": "少卖",
    "There is no complete period of sales to forecast from.": "没有完整周期的销售可供预测。",
    "Volume is the change in units at last year's mean price; price that of products sold in both "
    "years; mix is the rest.": (
        "销量指按去年均价计算的数量变化；价格指两年都有销售的商品的价格变化；其余为结构。"
    ),
    "Classes look at the last 52 weeks, 24 months in data of months.": (
        "分类依据最近52周，按月数据为24个月。"
    ),
    "What festivals did is measured beyond weekday, season, trend, promotion and price.": (
        "节日影响已扣除星期、季节、趋势、促销和价格。"
    ),
    "The forecast is by {model}.": "预测模型：{model}。",
}

ORDERS = {
    "Order proposal": "订货建议",
    "Stock as of": "库存日期",
    "Planned on": "计划依据",
    "Service": "服务水平",
    "the same weeks of last year": "去年同周",
    "least cost": "最低成本",
    "{low} to {high}, by class or item": "{low}至{high}，按类别或商品",
    "Too much": "过量",
    "Move between places": "门店调拨",
    "Assumptions": "假设",
    "Nothing needs to be ordered today.": "今天无需订货。",
    "To order now: {number} lines, {units} units{cost}.": "现需订货：{number}行，{units}件{cost}。",
    "{number} lines are late: they probably sell out before a delivery ordered today.": (
        "{number}行已迟：即使今天订货，到货前也可能售罄。"
    ),
    "Without these orders about {margin} of margin would be lost.": "不订货将损失毛利约{margin}。",
    "With them {served} of demand is served until the next delivery, without {without}.": (
        "订货后到下次到货前可满足{served}的需求，不订货为{without}。"
    ),
    "{number} lines are approved.": "{number}行已批准。",
    "Nothing is approved yet: these are proposals.": "尚未批准，均为建议。",
    "To order now": "现需订货",
    "{number} without a cost": "{number}行无成本",
    "{number} lines": "{number}行",
    "Sells out before delivery": "到货前售罄",
    "products": "个商品",
    "Excess stock": "过量库存",
    "over 13 weeks": "超过13周",
    "{share} without orders": "不订货为{share}",
    "Orders by place": "各门店订货",
    "What the orders cost": "订货金额",
    "Units to order": "订货数量",
    "{place} orders most.": "{place}订货最多。",
    "Order list": "订货清单",
    "Orders, late ones first": "订货，迟者在前",
    "{number} of {all}; all are in the workbook": "{all}行中的{number}行，全部见工作簿",
    "Order": "订货",
    "Sells out": "售罄",
    "Delivery": "到货",
    "In stock": "库存",
    "Coming": "在途",
    "Quantity": "数量",
    "Cost": "成本",
    "Unit cost": "单位成本",
    "Product code": "商品编码",
    "Approved": "已批准",
    "Reason": "原因",
    "yes": "是",
    "Late": "已迟",
    "Today": "今天",
    "This week": "本周",
    "Later": "以后",
    "Nothing lasts for more than 13 weeks.": "没有可售超过13周的商品。",
    "More than sells in 13 weeks": "超过13周销量",
    "Worth": "金额",
    "No move between places pays.": "没有值得的调拨。",
    "From where there is too much to where it lacks": "从过量门店到缺货门店",
    "From place": "调出",
    "To place": "调入",
    "Margin saved": "挽回毛利",
    "A line is a product in a place. Today is the day after the newest stock.": (
        "一行为一个门店的一个商品。今天指最新库存的次日。"
    ),
    "An order covers what is missed between its delivery and that of the next order.": (
        "订货量覆盖本次到货至下次到货之间的缺口。"
    ),
    "Quantities are rounded to packs and least orders; approved ones count as decided.": (
        "数量按包装和起订量取整；已批准的按决定计。"
    ),
    "Shares and dates come from 500 possible futures; what is not served is lost.": (
        "比例和日期来自500种可能的未来；未满足的需求视为损失。"
    ),
    "Orders are cut to a budget of {budget}.": "订货控制在预算{budget}内。",
    "The same weeks of last year stand in for a trained forecast.": "以去年同周代替训练的预测。",
    "{number} lines have stock over a week old, used as it is.": (
        "{number}行库存超过一周，按原样使用。"
    ),
    "{number} lines have no unit cost and count in units alone.": (
        "{number}行没有单位成本，只计数量。"
    ),
    "{number} lines are left out: their stock is over 13 weeks old.": (
        "{number}行库存超过13周，未计入。"
    ),
    "{number} lines are left out: nothing is forecast for them.": "{number}行没有预测，未计入。",
    "{number} deliveries due by the day of the stock are taken to be in it.": (
        "{number}笔在库存日前应到的货视为已入库。"
    ),
    "No deliveries are known: what is on its way is ordered again.": "在途货物未知，可能重复订货。",
}

SCENARIOS = {
    "Scenario comparison": "情景比较",
    "Difference over time": "差异走势",
    "Scenarios": "情景",
    "Scenario": "情景",
    "Answered by": "依据",
    "measured price elasticities": "实测价格弹性",
    "Margin": "毛利",
    "Plan": "计划",
    "With it": "情景值",
    "Difference": "差异",
    "difference to the plan": "与计划之差",
    "{name}: {measure} {difference} against the plan, in 8 of 10 cases between {low} and {high}.": (
        "{name}：{measure}较计划{difference}，十次中有八次在{low}到{high}之间。"
    ),
    "This could be chance.": "可能是偶然。",
    "Worked out before the data changed.": "计算后数据已变化。",
    "How far each scenario is from the plan, over time.": "各情景与计划之差随时间的变化。",
    "The difference to the plan with its band.": "与计划之差及其区间。",
    "Most comes from {change}: {difference} by it alone.": "主要来自{change}：单独为{difference}。",
    "What to know before believing it:": "采信之前需了解：",
    "What each change does by itself": "各项变化的单独影响",
    "The difference that each change makes alone.": "每项变化单独带来的差异。",
    "It changes nothing.": "没有任何变化。",
    "Its changes": "变化内容",
    "Plan and scenario see the same luck, so the band is that of the difference.": (
        "计划与情景面对相同的随机性，因此区间为差异的区间。"
    ),
    "A band with zero in it decides nothing: the difference could be chance.": (
        "区间包含零时无法判断：差异可能是偶然。"
    ),
    "Changes do not add up to the whole where they act on each other.": (
        "各项变化相互影响时，相加不等于总差异。"
    ),
    "{dash} means that cost or price is not known.": "{dash}表示成本或价格未知。",
}
