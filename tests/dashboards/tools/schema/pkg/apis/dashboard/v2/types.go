// Package v2 stands in for Grafana's types of its newer dashboard schema, which can't be had everywhere as a module. The linter reads dashboards of that
// schema through them; ours are of the classic one and never get here, so that it is enough that this compiles: only fields that the linter names.
package v2

type DashboardSpec struct {
	Title       string
	Editable    *bool
	Elements    map[string]DashboardElement
	Variables   []DashboardVariableKind
	Annotations []DashboardAnnotationQueryKind
}

type DashboardElement struct {
	PanelKind *struct{ Spec DashboardPanelSpec }
}

type DashboardPanelSpec struct {
	Id          float64
	Title       string
	Description string
	VizConfig   struct {
		Group string
		Spec  struct{ FieldConfig, Options any }
	}
	Data struct {
		Spec struct{ Queries []DashboardPanelQueryKind }
	}
}

type DashboardPanelQueryKind struct {
	Spec struct {
		RefId  string
		Hidden bool
		Query  DashboardDataQueryKind
	}
}

type DashboardDataQueryKind struct {
	Group      string
	Datasource *struct{ Name *string }
	Spec       map[string]any
}

type DashboardAnnotationQueryKind struct {
	Spec struct {
		Name  string
		Query DashboardDataQueryKind
	}
}

type DashboardVariableRefresh string

const (
	DashboardVariableRefreshOnDashboardLoad    DashboardVariableRefresh = "onDashboardLoad"
	DashboardVariableRefreshOnTimeRangeChanged DashboardVariableRefresh = "onTimeRangeChanged"
)

type DashboardVariableKind struct {
	QueryVariableKind      *struct{ Spec query }
	DatasourceVariableKind *struct{ Spec datasource }
	CustomVariableKind     *struct{ Spec text }
	IntervalVariableKind   *struct{ Spec text }
	ConstantVariableKind   *struct{ Spec text }
	TextVariableKind       *struct{ Spec text }
	AdhocVariableKind      *struct{ Spec text }
	GroupByVariableKind    *struct{ Spec text }
	SwitchVariableKind     *struct{ Spec text }
}

type common struct {
	Name     string
	Label    *string
	Multi    bool
	AllValue *string
	Refresh  DashboardVariableRefresh
}

type query struct {
	common
	Query DashboardDataQueryKind
}

type datasource struct {
	common
	PluginId string
}

type text struct {
	common
	Query string
}
