// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Words that services of a made catalogue are called by: 20 × 25 × 20 combinations.
var (
	deeds   = []string{"Выдача", "Регистрация", "Назначение", "Предоставление", "Продление", "Замена", "Согласование", "Аннулирование", "Изменение", "Приём", "Утверждение", "Проверка", "Оформление", "Возврат", "Перерасчёт", "Снятие", "Внесение", "Подтверждение", "Аттестация", "Перевод"}
	things  = []string{"лицензии", "пособия", "разрешения", "справки", "выписки", "паспорта", "свидетельства", "субсидии", "компенсации", "пенсии", "удостоверения", "путёвки", "участка", "помещения", "заключения", "аккредитации", "квоты", "сертификата", "патента", "ордера", "договора", "плана", "налога", "льготы", "маршрута"}
	matters = []string{"на строительство", "многодетной семье", "ветерану труда", "на рубку леса", "в детский сад", "на перевозку пассажиров", "инвалиду", "на пользование недрами", "фермерскому хозяйству", "на торговлю", "студенту", "на рыболовство", "экспортёру", "на охоту", "сироте", "на рекламу", "безработному", "на ввод дома", "музею", "на оружие"}
)

// fill publishes n services of ten agencies, unlike each other in whatever the catalogue can be asked for.
func fill(index *Index, definition []byte, n int) error {
	var def map[string]any
	if err := json.Unmarshal(definition, &def); err != nil {
		return err
	}
	for _, unseen := range []string{"data", "form", "scenarios"} {
		delete(def, unseen)
	}
	var providers []Provider
	for i := range 10 {
		name := fmt.Sprintf("agency-%d", i)
		providers = append(providers, Provider{Name: name, Namespace: name, DisplayName: v1alpha1.Text{
			"ru": v1alpha1.LocalizedString(fmt.Sprintf("Ведомство %d", i)), "en": v1alpha1.LocalizedString(fmt.Sprintf("Agency %d", i)),
		}})
	}
	index.SetProviders(providers)
	sectors := []string{"trade", "health", "education", "housing", "transport", "land", "taxes"}
	for i := range n {
		title := deeds[i%20] + " " + things[i/20%25] + " " + matters[i/500%20]
		def["title"], def["shortTitle"] = v1alpha1.Text{"ru": v1alpha1.LocalizedString(title)}, v1alpha1.Text{"ru": v1alpha1.LocalizedString(title)}
		def["code"] = fmt.Sprintf("made.%d", i)
		def["classification"] = map[string]any{"level": "Federal", "sector": sectors[i%7]}
		def["process"].(map[string]any)["deadline"] = map[string]any{"value": i%40 + 1, "unit": "CalendarDays", "startsAt": "Filed"}
		raw, err := json.Marshal(def)
		if err != nil {
			return err
		}
		rec := record(1, v1alpha1.ActionPublish)
		rec.Namespace, rec.Service = fmt.Sprintf("agency-%d", i%10), fmt.Sprintf("made-%d", i)
		rec.DecidedAt = metav1.NewTime(rec.DecidedAt.Add(time.Duration(i) * time.Minute))
		if err := index.Apply(rec, raw); err != nil {
			return err
		}
	}
	return nil
}
